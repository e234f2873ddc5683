import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** State of a training at one validation. */
export interface CurvePoint {
  step: number;
  /** Images learnt from so far, each as often as it was shown. */
  images: number;
  /** Time that the steps had taken, without validations; NaN where it was not kept. */
  minutes: number;
  /** Bits/dim on the images held out for validation. */
  bitsPerDim: number;
  /** Mean bits/dim of the steps since the validation before, as they learnt; NaN where it was not kept. */
  training: number;
}

const header = 'step,images,minutes,bits/dim,training';

/** Line of log.jsonl about a step. */
interface LogEntry {
  step: number;
  bitsPerDim: number;
  seconds: number;
  validation?: number;
}

/** The learning curve that a run folder's log.jsonl holds. */
export function curveOf(run: string): CurvePoint[] {
  const { training } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')) as { training: { batch: number } };
  const points: CurvePoint[] = [];
  let seconds = 0;
  let learnt: number[] = [];
  for (const line of readFileSync(join(run, 'log.jsonl'), 'utf8').split('\n').filter(Boolean)) {
    const entry = JSON.parse(line) as LogEntry;
    seconds += entry.seconds;
    learnt.push(entry.bitsPerDim);
    if (entry.validation === undefined) continue;
    const { step, validation: bitsPerDim } = entry;
    const mean = learnt.reduce((sum, bits) => sum + bits, 0) / learnt.length;
    points.push({ step, images: step * training.batch, minutes: seconds / 60, bitsPerDim, training: mean });
    learnt = [];
  }
  return points;
}

/** As comma-separated values, a point a line. */
export function formatCurve(points: readonly CurvePoint[]): string {
  const kept = (value: number, digits: number) => (Number.isNaN(value) ? '' : value.toFixed(digits));
  const lines = points.map(({ step, images, minutes, bitsPerDim, training }) => {
    return [step, images, kept(minutes, 1), kept(bitsPerDim, 5), kept(training, 5)].join(',');
  });
  return `${[header, ...lines].join('\n')}\n`;
}

/** Reads what {@link formatCurve} wrote. */
export function readCurve(path: string): CurvePoint[] {
  const [first, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  if (first !== header) throw new TypeError(`read curve: ${path}: expected ${header}, received ${first}`);
  return lines.map((line) => {
    const cells = line.split(',').map((cell) => (cell === '' ? NaN : Number(cell)));
    const [step, images, minutes, bitsPerDim, training] = cells;
    return { step, images, minutes, bitsPerDim, training };
  });
}
