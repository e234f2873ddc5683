import {
  LOCAL_REGRESSION,
  localRegressionFeatures,
  regressors,
  type LocalRegressionShape,
} from '../local-regression-shape.js';

/** See Kernels.localRegression. */
export function localRegression(
  shape: LocalRegressionShape,
  batch: number,
  image: Float32Array,
  expected: Float32Array,
  references: Float32Array,
  out: Float32Array,
): void {
  const { height, width, channels } = shape;
  const regression = new LocalRegression(shape);
  const pixels = height * width;
  const features = localRegressionFeatures(shape);
  const part = (values: Float32Array, n: number, each: number) =>
    values.subarray(n * pixels * each, (n + 1) * pixels * each);
  for (let n = 0; n < batch; n++) {
    const own = part(image, n, channels);
    const to = part(out, n, features);
    regression.begin(part(expected, n, channels), 1, part(references, n, shape.references * channels));
    for (let y = 0, pixel = 0; y < height; y++) {
      for (let x = 0; x < width; x++, pixel++) {
        regression.predict(y, x, to, pixel * features);
        regression.know(y, x, own, pixel * channels);
      }
    }
  }
}

/** An error of two levels of 255 counts as if a quarter of a pixel had been seen that had it. */
const UNSEEN = { weight: 0.25, squares: 1 };
/** Levels of 255 that the regressor is that is the same everywhere. */
const CONSTANT = 2;
/** Levels of 255 that are a usual error. */
const USUAL_ERROR = 4;
/** Keeps the pivots of a picture of zeros above 0. */
const LEAST_RIDGE = 1e-6;

/** Local regression pixel after pixel, in raster order: what is regressed at a pixel needs those before it. */
export class LocalRegression {
  private readonly count: number;
  /** Regressors of each pixel that the pictures give, and errors: of the channels, and their mean. */
  private readonly given: Float64Array;
  private readonly givenCount: number;
  private readonly errors: Float64Array;
  private readonly expected: Float64Array;
  /**
   * What each pixel of the row at hand adds to the sums: of each regressor the products with itself, with those after it and with
   * each error; squared errors; and 1.
   */
  private readonly moments: Float64Array;
  private readonly momentCount: number;
  private readonly sums: readonly FallingSums[];
  /** The regressors of the pixel at hand. */
  private readonly at: Float64Array;
  private readonly solver: Solver;

  constructor(readonly shape: LocalRegressionShape) {
    const { height, width, channels, references } = shape;
    this.count = regressors(shape);
    this.momentCount = (this.count * (this.count + 1)) / 2 + channels * (this.count + 1) + 1;
    this.givenCount = channels + 9 + (references - 1);
    this.given = new Float64Array(height * width * this.givenCount);
    this.errors = new Float64Array(height * width * (channels + 1));
    this.expected = new Float64Array(height * width * channels);
    this.moments = new Float64Array(width * this.momentCount);
    this.sums = LOCAL_REGRESSION.decays.map((decay) => new FallingSums(decay, width, this.momentCount));
    this.at = new Float64Array(this.count);
    this.solver = new Solver(this.count, channels, (shape.highest / 255) ** 2);
  }

  /**
   * Starts an image.
   *
   * @param anchors of which every `stride`th, from the first on, is expected of a sub-pixel, in levels
   * @param references [height, width, references * channels], in levels
   */
  begin(anchors: ArrayLike<number>, stride: number, references: Float32Array): void {
    const { height, width, channels, references: count, highest } = this.shape;
    const { expected, given, givenCount } = this;
    const pixels = height * width;
    for (let at = 0; at < pixels * channels; at++) expected[at] = anchors[at * stride];
    // Means over channels, of what is expected and of what each reference is more than that.
    const means = new Float64Array(pixels * (1 + count));
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let k = 0; k <= count; k++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          const level = expected[pixel * channels + c];
          sum += k === 0 ? level : references[(pixel * count + k - 1) * channels + c] - level;
        }
        means[pixel * (1 + count) + k] = sum / channels;
      }
    }
    const mean = (y: number, x: number, k: number) =>
      means[(within(y, height) * width + within(x, width)) * (1 + count) + k];
    for (let y = 0, pixel = 0; y < height; y++) {
      for (let x = 0; x < width; x++, pixel++) {
        let to = pixel * givenCount;
        for (let c = 0; c < channels; c++)
          given[to++] = references[pixel * count * channels + c] - expected[pixel * channels + c];
        for (const [dy, dx] of BESIDE) given[to++] = mean(y + dy, x + dx, 0) - mean(y, x, 0);
        for (const [dy, dx] of BESIDE) given[to++] = mean(y + dy, x + dx, 1);
        for (let k = 2; k <= count; k++) given[to++] = mean(y, x, k);
        given[to] = (CONSTANT * highest) / 255;
      }
    }
    this.moments.fill(0);
    for (const sums of this.sums) sums.clear();
  }

  /** Writes the features of a pixel from `offset` on; every pixel before it must be known, none after it is read. */
  predict(y: number, x: number, out: Float32Array, offset: number): void {
    const { channels, width, highest, gain } = this.shape;
    const { solver, expected } = this;
    this.readRegressors(y, x);
    const pixel = (y * width + x) * channels;
    const usual = (USUAL_ERROR * highest) / 255;
    let to = offset;
    for (const sums of this.sums) {
      if (x === 0) sums.beginRow(this.moments);
      sums.moveTo(x, this.moments);
      solver.solve(sums.values, this.at);
      for (let c = 0; c < channels; c++) {
        const level = expected[pixel + c];
        const moved = Math.min(Math.max(solver.moved[c], -level), highest - level);
        out[to + c] = moved * gain;
        out[to + channels + c] = solver.errors[c] / (solver.errors[c] + usual);
      }
      to += 2 * channels;
    }
  }

  /** Takes the pixel that was predicted last, once it is known: its levels stand from `at` on. */
  know(y: number, x: number, levels: ArrayLike<number>, at: number): void {
    const { channels, width } = this.shape;
    const { count, moments, errors, momentCount, at: regressor } = this;
    const pixel = y * width + x;
    const own = pixel * (channels + 1);
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      errors[own + c] = levels[at + c] - this.expected[pixel * channels + c];
      sum += errors[own + c];
    }
    errors[own + channels] = sum / channels;
    let to = x * momentCount;
    for (let a = 0; a < count; a++) {
      for (let b = a; b < count; b++) moments[to++] = regressor[a] * regressor[b];
      for (let c = 0; c < channels; c++) moments[to++] = regressor[a] * errors[own + c];
    }
    for (let c = 0; c < channels; c++) moments[to++] = errors[own + c] * errors[own + c];
    moments[to] = 1;
  }

  private readRegressors(y: number, x: number): void {
    const { channels, width } = this.shape;
    const { at, errors, given, givenCount } = this;
    const error = (dy: number, dx: number, c: number) => {
      const [row, column] = [y + dy, x + dx];
      if (row < 0 || column < 0 || column >= width) return 0;
      return errors[(row * width + column) * (channels + 1) + c];
    };
    let to = 0;
    for (let c = 0; c < channels; c++) at[to++] = error(0, -1, c);
    for (let c = 0; c < channels; c++) at[to++] = error(-1, 0, c);
    for (const [dy, dx] of FARTHER) at[to++] = error(dy, dx, channels);
    const from = (y * width + x) * givenCount;
    for (let k = 0; k < givenCount; k++) at[to++] = given[from + k];
  }
}

/** Sums of moments over all pixels before one, each by decay^(rows + columns) of its distance. */
class FallingSums {
  /** Of the pixel at hand. */
  readonly values: Float64Array;
  /** Of the rows above, for each column: of its own, and of all that lie right of it. */
  private readonly above: Float64Array;
  private readonly right: Float64Array;
  /** Of the rows above up to the column at hand, and of what lies left of the pixel. */
  private readonly left: Float64Array;

  constructor(
    private readonly decay: number,
    width: number,
    private readonly count: number,
  ) {
    [this.above, this.right] = [0, 1].map(() => new Float64Array(width * count));
    [this.values, this.left] = [0, 1].map(() => new Float64Array(count));
  }

  clear(): void {
    this.above.fill(0);
  }

  /** @param moments of the row before, by pixel */
  beginRow(moments: Float64Array): void {
    const { above, right, count, decay } = this;
    for (let at = 0; at < above.length; at++) above[at] = (above[at] + moments[at]) * decay;
    // Right of the last column there is nothing.
    for (let at = above.length - count - 1; at >= 0; at--) right[at] = (above[at + count] + right[at + count]) * decay;
  }

  /** @param moments of the row at hand, up to the pixel before */
  moveTo(x: number, moments: Float64Array): void {
    const { above, right, left, values, count, decay } = this;
    const from = x * count;
    for (let k = 0; k < count; k++) {
      left[k] = x === 0 ? above[k] : above[from + k] + (left[k] + moments[from - count + k]) * decay;
      values[k] = left[k] + right[from + k];
    }
  }
}

/** Solves the normal equations of a ridge regression, and says what they make of the pixel at hand. */
class Solver {
  /** Of each channel: how far it is moved, and the root of the mean square of what is left, in levels. */
  readonly moved: Float64Array;
  readonly errors: Float64Array;
  /** Row a: from column a on those of the Cholesky factor, transposed; then of the right-hand sides, and of the regressors. */
  private readonly rows: Float64Array;

  /** @param unit the square of 1/255 of the range of levels */
  constructor(
    private readonly count: number,
    private readonly channels: number,
    private readonly unit: number,
  ) {
    [this.moved, this.errors] = [0, 1].map(() => new Float64Array(channels));
    this.rows = new Float64Array(count * (count + channels + 1));
  }

  solve(sums: Float64Array, regressor: Float64Array): void {
    const { count, channels, unit, rows, moved, errors } = this;
    const columns = count + channels + 1;
    const weight = sums[sums.length - 1];
    let trace = 0;
    for (let a = 0, from = 0; a < count; a++) {
      trace += sums[from];
      for (let at = a * columns + a, end = (a + 1) * columns - 1; at < end; at++) rows[at] = sums[from++];
      rows[(a + 1) * columns - 1] = regressor[a];
    }
    const { share, squares } = LOCAL_REGRESSION.ridge;
    const ridge = (share * trace) / count + squares * unit * weight + LEAST_RIDGE * unit;
    for (let a = 0; a < count; a++) rows[a * columns + a] += ridge;
    for (let k = 0; k < count; k++) {
      const own = k * columns;
      const pivot = Math.sqrt(rows[own + k]);
      for (let column = k + 1; column < columns; column++) rows[own + column] /= pivot;
      for (let a = k + 1; a < count; a++) {
        const factor = rows[own + a];
        const to = a * columns;
        for (let column = a; column < columns; column++) rows[to + column] -= factor * rows[own + column];
      }
    }
    const squaresFrom = sums.length - 1 - channels;
    for (let c = 0; c < channels; c++) {
      let left = sums[squaresFrom + c];
      moved[c] = 0;
      for (let a = 0; a < count; a++) {
        const solved = rows[a * columns + count + c];
        left -= solved * solved;
        moved[c] += solved * rows[(a + 1) * columns - 1];
      }
      errors[c] = Math.sqrt((Math.max(left, 0) + UNSEEN.squares * unit) / (weight + UNSEEN.weight));
    }
  }
}

/** Neighbours of a pixel on all sides. */
const BESIDE = [[0, 1], [1, 0], [0, -1], [-1, 0]] as const; // prettier-ignore
/** Neighbours before it, but for the two nearest. */
const FARTHER = [[-1, -1], [-1, 1], [0, -2], [-2, 0]] as const; // prettier-ignore

function within(place: number, length: number): number {
  return Math.min(Math.max(place, 0), length - 1);
}
