import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a training had reached at one validation. */
export interface CurvePoint {
  step: number;
  /** Images learnt from so far, each as often as it was shown. */
  images: number;
  /** Time that the steps had taken, without validations; NaN where it was not kept. */
  minutes: number;
  /** Bits/dim on the images held out for validation. */
  bitsPerDim: number;
}

const header = 'step,images,minutes,bits/dim';

/** The learning curve that a run folder's log.jsonl holds. */
export function curveOf(run: string): CurvePoint[] {
  const { training } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')) as { training: { batch: number } };
  const points: CurvePoint[] = [];
  let seconds = 0;
  for (const line of readFileSync(join(run, 'log.jsonl'), 'utf8').split('\n').filter(Boolean)) {
    const entry = JSON.parse(line) as { step: number; seconds: number; validation?: number };
    seconds += entry.seconds;
    if (entry.validation === undefined) continue;
    const { step, validation: bitsPerDim } = entry;
    points.push({ step, images: step * training.batch, minutes: seconds / 60, bitsPerDim });
  }
  return points;
}

/** As comma-separated values, a point a line. */
export function formatCurve(points: readonly CurvePoint[]): string {
  const lines = points.map(({ step, images, minutes, bitsPerDim }) => {
    return [step, images, Number.isNaN(minutes) ? '' : minutes.toFixed(1), bitsPerDim.toFixed(5)].join(',');
  });
  return `${[header, ...lines].join('\n')}\n`;
}

/** Reads what {@link formatCurve} wrote. */
export function readCurve(path: string): CurvePoint[] {
  const [first, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  if (first !== header) throw new TypeError(`read curve: ${path}: expected ${header}, received ${first}`);
  return lines.map((line) => {
    const [step, images, minutes, bitsPerDim] = line.split(',').map((cell) => (cell === '' ? NaN : Number(cell)));
    return { step, images, minutes, bitsPerDim };
  });
}
