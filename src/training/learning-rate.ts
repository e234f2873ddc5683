/** How the learning rate goes over a training: up in a line, level, then down along half a cosine. */
export interface Schedule {
  /** The highest rate. */
  rate: number;
  /** Steps until it is reached. */
  warmUp: number;
  /** Share of all steps after which it falls, 0 to 1. */
  decayFrom: number;
  /** Share of the highest rate left at the last step. */
  floor: number;
}

/**
 * The learning rate of a step, 0 to steps - 1: a function of these numbers alone, so that resuming changes nothing.
 *
 * @param steps null where their number is not known yet, at the start: then the rate does not fall
 */
export function learningRate({ rate, warmUp, decayFrom, floor }: Schedule, step: number, steps: number | null): number {
  const rising = Math.min(1, (step + 1) / Math.max(1, warmUp));
  if (steps === null) return rate * rising;
  const start = decayFrom * steps;
  const progress = Math.min(1, Math.max(0, (step - start) / Math.max(1, steps - 1 - start)));
  const falling = floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
  return rate * rising * falling;
}
