/**
 * A mean over independent things, such as clips or images, with its standard error, in one pass. With weights, such as
 * the dimensions of each clip, it is the ratio of sums, and its error is the linearised one of a ratio (Cochran,
 * Sampling Techniques, 1977, chapter 6); with equal weights both are the ordinary ones.
 *
 *     mean = sum w x / sum w
 *     standard error^2 = n / (n - 1) * sum w^2 (x - mean)^2 / (sum w)^2
 */
export class RunningMean {
  private n = 0;
  /** Values are summed as differences from the first, lest the squares cancel. */
  private first = 0;
  private w = 0;
  private wx = 0;
  private ww = 0;
  private wwx = 0;
  private wwxx = 0;

  add(value: number, weight = 1): void {
    if (this.n++ === 0) this.first = value;
    const x = value - this.first;
    this.w += weight;
    this.wx += weight * x;
    this.ww += weight ** 2;
    this.wwx += weight ** 2 * x;
    this.wwxx += (weight * x) ** 2;
  }

  /** NaN before anything was added. */
  get mean(): number {
    return this.first + this.wx / this.w;
  }

  /** NaN for fewer than two values: one says nothing about how much they differ. */
  get standardError(): number {
    if (this.n < 2) return NaN;
    const m = this.wx / this.w;
    const squares = Math.max(0, this.wwxx - 2 * m * this.wwx + m ** 2 * this.ww);
    return Math.sqrt((this.n / (this.n - 1)) * squares) / this.w;
  }
}

/** A mean with its standard error, which is NaN for one value. */
export interface MeanWithError {
  mean: number;
  standardError: number;
}

/** Of values that weigh the same. */
export function computeMean(values: Iterable<number>): MeanWithError {
  const running = new RunningMean();
  for (const value of values) running.add(value);
  return { mean: running.mean, standardError: running.standardError };
}

/**
 * The value below which a share of the values lies, linear between neighbours: share 0 is the least, 1 the largest.
 * @param sorted ascending; at least one
 * @param share 0 to 1
 */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
