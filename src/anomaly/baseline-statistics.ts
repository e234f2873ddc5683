import { median } from '../foundation/median.js';

/** Minimum standard deviation, in bits per pixel: constant values would give unbounded z-scores. */
const MIN_DEVIATION = 0.2;
/** Maximum learned deviation, in standard deviations: anomalies enter the baseline slowly. */
const MAX_LEARNED_DEVIATION = 3;

/**
 * Running mean and variance over time of each value of a vector, as JSON holds them. If the vector has several values,
 * the median of their deviations from the means is subtracted from each deviation. Global changes, as of quality, then
 * have no effect. The prior of each variance is the mean of all variances.
 */
export interface BaselineStatistics {
  /** Number of observations learned, at most the memory. */
  times: number;
  /** Mean of each value. */
  means: readonly number[];
  /** Variance of each value over time. */
  variances: readonly number[];
}

/** Returns the statistics of no observations. @param length number of values of an observation */
export function emptyStatistics(length: number): BaselineStatistics {
  const zeros = new Array<number>(length).fill(0);
  return { times: 0, means: zeros, variances: zeros };
}

/**
 * Returns the z-score of each value, positive above the mean. Returns zeros if nothing was learned.
 * @param prior weight of the prior variance, in observations
 */
export function computeZScores(
  { times, means, variances }: BaselineStatistics,
  values: ArrayLike<number>,
  prior: number,
): number[] {
  if (times === 0) return means.map(() => 0);
  const deviations = standardDeviations(times, variances, prior);
  return residuals(means, values).map((residual, at) => residual / deviations[at]);
}

/**
 * Returns the statistics with one observation more. A deviation counts as at most 3 standard deviations.
 * @param values as many numbers as there are means
 * @param prior weight of the prior variance, in observations
 * @param memory maximum weight of the past, in observations; old observations decay exponentially. Default: no decay
 */
export function learnObservation(
  { times: before, means, variances }: BaselineStatistics,
  values: ArrayLike<number>,
  prior: number,
  memory = Infinity,
): BaselineStatistics {
  const times = Math.min(before + 1, memory);
  if (times === 1) return { times, means: Array.from(values), variances };
  const deviations = standardDeviations(times, variances, prior);
  const changes = residuals(means, values).map((residual, at) => {
    const most = MAX_LEARNED_DEVIATION * deviations[at];
    return Math.max(-most, Math.min(most, residual));
  });
  return {
    times,
    means: means.map((mean, at) => mean + changes[at] / times),
    variances: variances.map(
      (variance, at) => variance + ((1 - 1 / times) * changes[at] * changes[at] - variance) / times,
    ),
  };
}

function residuals(means: readonly number[], values: ArrayLike<number>): number[] {
  const deviations = means.map((mean, at) => values[at] - mean);
  const common = means.length === 1 ? 0 : median(deviations);
  return deviations.map((deviation) => deviation - common);
}

/** Returns standard deviations of at least 0.2. */
function standardDeviations(times: number, variances: readonly number[], prior: number): number[] {
  const pooled = variances.reduce((sum, variance) => sum + variance, 0) / variances.length;
  return variances.map((variance) =>
    Math.max(MIN_DEVIATION, Math.sqrt((times * variance + prior * pooled) / (times + prior))),
  );
}
