/**
 * Running mean of independent values, such as of clips or images, with its standard error, in one pass. With weights,
 * such as the dimensions of clips, the mean is a ratio of sums. Its error is the linearised error of a ratio (Cochran,
 * Sampling Techniques, 1977, chapter 6). With equal weights both are the ordinary ones.
 *
 *     mean = sum w x / sum w
 *     standard error^2 = n / (n - 1) * sum w^2 (x - mean)^2 / (sum w)^2
 */
export class RunningMean {
  private n = 0;
  /** First value; differences from it are summed, to avoid cancellation of squares. */
  private first = 0;
  private w = 0;
  private wx = 0;
  private ww = 0;
  private wwx = 0;
  private wwxx = 0;

  /** Adds a value with a weight above 0. */
  add(value: number, weight = 1): void {
    if (this.n++ === 0) this.first = value;
    const x = value - this.first;
    this.w += weight;
    this.wx += weight * x;
    this.ww += weight ** 2;
    this.wwx += weight ** 2 * x;
    this.wwxx += (weight * x) ** 2;
  }

  /** Weighted mean; NaN before the first value. */
  get mean(): number {
    return this.first + this.wx / this.w;
  }

  /** Standard error of the mean; NaN for fewer than two values. */
  get standardError(): number {
    if (this.n < 2) return NaN;
    const m = this.wx / this.w;
    const squares = Math.max(0, this.wwxx - 2 * m * this.wwx + m ** 2 * this.ww);
    return Math.sqrt((this.n / (this.n - 1)) * squares) / this.w;
  }
}

/** Mean with its standard error; the standard error of one value is NaN. @inline */
export interface MeanWithError {
  /** Mean of the values. */
  mean: number;
  /** Standard error of the mean; NaN for one value. */
  standardError: number;
}

/** Returns the mean of values with equal weights, and its standard error. */
export function computeMean(values: Iterable<number>): MeanWithError {
  const running = new RunningMean();
  for (const value of values) running.add(value);
  return { mean: running.mean, standardError: running.standardError };
}

/**
 * Returns a quantile of sorted values, interpolated linearly between neighbours.
 * @param sorted values in ascending order; at least one
 * @param share order of the quantile, 0 (minimum) to 1 (maximum)
 */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
