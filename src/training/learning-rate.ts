import type { Stage } from './stages.js';

/** Share of the highest rate that is left at the end of a stage. */
const FLOOR = 0.01;

/**
 * The learning rate of a step of a stage, by these numbers alone: up in a line, level, then down along half a cosine.
 * @param done steps of the stage before this one
 * @param progress share of the stage behind; null where it is not known yet, at the start: then the rate does not fall
 */
export function learningRate(
  { rate, warmUp, decayFrom }: Pick<Stage, 'rate' | 'warmUp' | 'decayFrom'>,
  done: number,
  progress: number | null,
): number {
  const rising = Math.min(1, (done + 1) / Math.max(1, warmUp));
  const fallen = progress === null || progress <= decayFrom ? 0 : (progress - decayFrom) / (1 - decayFrom);
  return rate * rising * (FLOOR + (1 - FLOOR) * 0.5 * (1 + Math.cos(Math.PI * fallen)));
}
