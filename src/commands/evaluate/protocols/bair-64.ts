import type { Protocol } from './protocol.js';
import { slampRow, srvpMetrics, srvpPrediction } from './srvp-metrics.js';

/** BAIR robot pushing as SVG and SRVP evaluate it, in the folders that SVG's data/convert_bair.py writes. */
export const bair64: Protocol = {
  data: 'BAIR robot pushing',
  context: 2,
  horizon: 28,
  from: 2,
  size: { width: 64, height: 64 },
  channels: 3,
  split: {
    words: 'the folder test',
    path: /\/test\/[^/]+\/\d+$/,
    example: 'processed_data/test/traj_0_to_255/1/0.png',
  },
  metrics: srvpMetrics,
  publishedOf: srvpPrediction,
  published: [
    slampRow('SV2P', 6, 20.39, 0.8169),
    slampRow('SLAMP', 6, 19.67, 0.8161),
    slampRow('SRVP', 6, 19.59, 0.8196),
    slampRow('SVG', 6, 18.95, 0.8058),
    slampRow('SAVP', 6, 18.44, 0.7887),
    { model: 'MCVD', values: { psnr: 16.2, ssim: 0.745 }, source: 'arXiv 2205.09853', isSecondHand: true },
  ],
  differences: ['a sharp prediction may have less PSNR than a blurred one; the published FVD is not computed here'],
};
