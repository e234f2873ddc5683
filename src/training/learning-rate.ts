/** How the learning rate goes over a training: up in a line, level, then down along half a cosine. */
export interface Schedule {
  /** The highest rate. */
  rate: number;
  /** Steps until it is reached. */
  warmUp: number;
  /** Share of the schedule after which it falls, 0 to 1. */
  decayFrom: number;
  /** Share of the highest rate that is left at the end. */
  floor: number;
}

/**
 * The learning rate of a step, 0 for the first: a function of these numbers alone, so that resuming changes nothing.
 *
 * @param progress share of the schedule behind before this step (see `progressAt`); null where it is not known yet, at the
 *   start: then the rate does not fall
 */
export function learningRate(
  { rate, warmUp, decayFrom, floor }: Schedule,
  step: number,
  progress: number | null,
): number {
  const rising = Math.min(1, (step + 1) / Math.max(1, warmUp));
  const fallen = progress === null || progress <= decayFrom ? 0 : (progress - decayFrom) / (1 - decayFrom);
  return rate * rising * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * fallen)));
}
