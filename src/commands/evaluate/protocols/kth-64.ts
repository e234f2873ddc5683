import type { Protocol } from './protocol.js';
import { slampRow, srvpMetrics, srvpPrediction } from './srvp-metrics.js';

/** KTH actions as SVG and SRVP evaluate them, in the folders that SVG's data/convert_kth.lua writes. */
export const kth64: Protocol = {
  data: 'KTH actions',
  context: 10,
  horizon: 30,
  from: null,
  size: { width: 64, height: 64 },
  channels: 1,
  split: {
    words: 'persons 21 to 25',
    path: /\/(?:boxing|handclapping|handwaving|jogging|running|walking)\/person2[1-5]_[^/]+$/,
    example: 'processed/walking/person21_walking_d1/image-001_64x64.png',
  },
  metrics: srvpMetrics,
  publishedOf: srvpPrediction,
  published: [
    slampRow('SRVP', 5, 29.69, 0.8697),
    slampRow('SLAMP', 5, 29.39, 0.8646),
    slampRow('SV2P', 5, 28.19, 0.8141),
    slampRow('SVG', 5, 28.06, 0.8438),
    slampRow('SAVP', 5, 26.51, 0.7564),
  ],
  differences: ['windows are spread evenly over each clip; SRVP draws 1,000 at random, SVG any with a person in it'],
};
