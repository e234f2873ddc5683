import { median } from '../foundation/median.js';

/** Minimum standard deviation, in bits per pixel: constant values would give unbounded z-scores. */
const MIN_DEVIATION = 0.2;
/** Maximum learned deviation, in standard deviations: anomalies enter the baseline slowly. */
const MAX_LEARNED_DEVIATION = 3;

/** State of `BaselineStatistics` as JSON holds it, for `restore`. */
export interface BaselineStatisticsState {
  /** Number of observations learned, at most the memory. */
  times: number;
  /** Mean of each value. */
  means: number[];
  /** Variance of each value over time. */
  variances: number[];
}

/**
 * Running mean and variance over time of each value of a vector. If the vector has several values, the median of their
 * deviations from the means is subtracted from each deviation. Global changes, as of quality, then have no effect. The
 * prior of each variance is the mean of all variances. Standard deviations are at least 0.2, and `learn` counts a
 * deviation as at most 3 standard deviations.
 */
export class BaselineStatistics {
  private times = 0;
  private readonly means: Float64Array;
  private readonly variances: Float64Array;

  /**
   * @param length number of values of an observation
   * @param prior weight of the prior variance, in observations
   * @param memory maximum weight of the past, in observations; old observations decay exponentially. Default: no decay
   */
  constructor(
    private readonly length: number,
    private readonly prior: number,
    private readonly memory = Infinity,
  ) {
    this.means = new Float64Array(length);
    this.variances = new Float64Array(length);
  }

  /** Returns the z-score of each value, positive above the mean. Returns zeros if nothing was learned. */
  zScores(values: ArrayLike<number>): Float64Array {
    if (this.times === 0) return new Float64Array(this.length);
    const deviations = this.standardDeviations();
    return this.residuals(values).map((residual, at) => residual / deviations[at]);
  }

  /** Updates the statistics with one observation. @param values `length` numbers */
  learn(values: ArrayLike<number>): void {
    this.times = Math.min(this.times + 1, this.memory);
    if (this.times === 1) return this.means.set(Array.from(values));
    const deviations = this.standardDeviations();
    for (const [at, residual] of this.residuals(values).entries()) {
      const most = MAX_LEARNED_DEVIATION * deviations[at];
      const change = Math.max(-most, Math.min(most, residual));
      this.means[at] += change / this.times;
      this.variances[at] += ((1 - 1 / this.times) * change * change - this.variances[at]) / this.times;
    }
  }

  /** Returns the state for `restore`, as JSON holds it. */
  toJSON(): BaselineStatisticsState {
    return { times: this.times, means: [...this.means], variances: [...this.variances] };
  }

  /** Restores a state of the same `length`. */
  restore({ times, means, variances }: BaselineStatisticsState): void {
    this.times = times;
    this.means.set(means);
    this.variances.set(variances);
  }

  private residuals(values: ArrayLike<number>): Float64Array {
    const deviations = this.means.map((mean, at) => values[at] - mean);
    const common = this.length === 1 ? 0 : median(deviations);
    return deviations.map((deviation) => deviation - common);
  }

  private standardDeviations(): Float64Array {
    const pooled = this.variances.reduce((sum, variance) => sum + variance, 0) / this.length;
    const weight = this.times + this.prior;
    return this.variances.map((variance) =>
      Math.max(MIN_DEVIATION, Math.sqrt((this.times * variance + this.prior * pooled) / weight)),
    );
  }
}
