import type { Series } from './blocks/series.js';
import type { Axis, Band, Line } from './chart.js';
import { DECIBELS_NOTE } from './notes.js';

/** Returns the x axis of a chart by frames ahead. @param horizon number of predicted frames */
export function framesAhead(horizon: number): Axis {
  return { label: 'frames ahead', unit: 'whole', from: 1, to: Math.max(2, horizon) };
}

/**
 * Returns the chart of PSNR gain in dB over the last frame repeated, by frames ahead, with a line at 0.
 * @param horizon number of predicted frames
 * @param band region between the worst and the best sample; default: none
 * @param note explanation in one line, after that of the gain; default: none
 */
export function makeGainChart(horizon: number, lines: readonly Line[], band?: Band, note = ''): Series {
  const baseline = Array.from({ length: horizon }, (_, h) => [h + 1, 0] as const);
  return {
    kind: 'series',
    title: 'PSNR gain by frames ahead',
    x: framesAhead(horizon),
    y: { label: 'PSNR gain over the last frame repeated (dB)' },
    lines: [...lines, { name: 'last frame repeated', points: baseline, role: 'baseline' }],
    ...(band && { bands: [band] }),
    note: `${DECIBELS_NOTE}${note}`,
  };
}
