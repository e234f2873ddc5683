/** Least deviation, in octaves: what never changes is not measured more finely than that. */
const LEAST_DEVIATION = 0.1;
/** Deviations that a value counts for at most where older ones are forgotten: what stands out is not soon usual. */
const MOST_LEARNED = 3;

/** As `BaselineStatistics.toJSON` gives it. */
export interface BaselineStatisticsState {
  times: number;
  means: number[];
  variances: number[];
  /** Mean and variance among all values of all times. */
  among: [mean: number, variance: number];
}

/**
 * What some values usually are: the mean of each, and how far it deviates from time to time. While little was seen of them, each is
 * taken to deviate as they all do from one another.
 */
export class BaselineStatistics {
  private times = 0;
  private readonly means: Float64Array;
  private readonly variances: Float64Array;
  private readonly among = { mean: 0, variance: 0 };

  /**
   * @param length how many values there are each time
   * @param prior times that the deviation among all values counts as
   * @param memory times that count as the past: of more, the oldest are forgotten little by little
   */
  constructor(
    private readonly length: number,
    private readonly prior: number,
    private readonly memory = Infinity,
  ) {
    this.means = new Float64Array(length);
    this.variances = new Float64Array(length);
  }

  /** How far each value lies above what is usual, in deviations; 0 where nothing was learned. */
  zScores(values: ArrayLike<number>): Float64Array {
    if (this.times === 0) return new Float64Array(this.length);
    return Float64Array.from(this.means, (mean, at) => (values[at] - mean) / this.deviation(at));
  }

  /** Learns the values of one time. */
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

  toJSON(): BaselineStatisticsState {
    const { times, among } = this;
    return { times, means: [...this.means], variances: [...this.variances], among: [among.mean, among.variance] };
  }

  /** Goes on from a state. */
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
