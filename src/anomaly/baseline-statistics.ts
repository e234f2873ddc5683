/** Minimum standard deviation, in octaves: constant values would give unbounded z-scores. */
const LEAST_DEVIATION = 0.1;
/**
 * Maximum learned deviation, in standard deviations, if old values are forgotten: anomalies enter the baseline slowly.
 */
const MOST_LEARNED = 3;

/** State of `BaselineStatistics` as JSON holds it, for `restore`. */
export interface BaselineStatisticsState {
  /** Number of observations learned, at most the memory. */
  times: number;
  /** Mean of each value. */
  means: number[];
  /** Variance of each value over time. */
  variances: number[];
  /** Mean over all values and observations, and variance among the values of one observation. */
  among: [mean: number, variance: number];
}

/**
 * Running mean and variance over time of each value of a vector. The prior of each variance is the variance among the
 * values of a vector.
 */
export class BaselineStatistics {
  private times = 0;
  private readonly means: Float64Array;
  private readonly variances: Float64Array;
  private readonly among = { mean: 0, variance: 0 };

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
    return Float64Array.from(this.means, (mean, at) => (values[at] - mean) / this.deviation(at));
  }

  /** Updates the statistics with one observation. @param values `length` numbers */
  learn(values: ArrayLike<number>): void {
    const isFirst = this.times === 0;
    this.times = Math.min(this.times + 1, this.memory);
    const learned = Float64Array.from(values);
    for (let at = 0; at < this.length; at++) {
      const most = isFirst || this.memory === Infinity ? Infinity : MOST_LEARNED * this.deviation(at);
      const change = Math.max(-most, Math.min(most, values[at] - this.means[at]));
      learned[at] = this.means[at] + change;
      this.means[at] += change / this.times;
      this.variances[at] += ((1 - 1 / this.times) * change * change - this.variances[at]) / this.times;
    }
    this.learnAmong(learned);
  }

  /** Returns the state for `restore`, as JSON holds it. */
  toJSON(): BaselineStatisticsState {
    const { times, among } = this;
    return { times, means: [...this.means], variances: [...this.variances], among: [among.mean, among.variance] };
  }

  /** Restores a state of the same `length`. */
  restore({ times, means, variances, among }: BaselineStatisticsState): void {
    this.times = times;
    this.means.set(means);
    this.variances.set(variances);
    [this.among.mean, this.among.variance] = among;
  }

  private deviation(at: number): number {
    const variance = (this.times * this.variances[at] + this.prior * this.among.variance) / (this.times + this.prior);
    return Math.max(LEAST_DEVIATION, Math.sqrt(variance));
  }

  private learnAmong(values: Float64Array): void {
    const { among, length, times } = this;
    among.mean += (values.reduce((sum, value) => sum + value, 0) / length - among.mean) / times;
    const variance = values.reduce((sum, value) => sum + (value - among.mean) ** 2, 0) / length;
    among.variance += (variance - among.variance) / times;
  }
}
