import { errorsOf } from '../foundation/errors.js';
import { byteOf, type ImageShape } from '../foundation/levels.js';
import { LONGEST_STRIDE } from '../model/subsequences.js';
import { blurred, type KnownPast } from './known-past.js';

/** What is expected of a frame, height x width x channels bytes each. */
export interface Expectation {
  /** The mean of all that is expected of it. */
  mean: Uint8Array;
  /** What is expected at each longer stride that leads to it (see `SUBSEQUENCES`), in their order. */
  slower: readonly Uint8Array[];
}

/**
 * What keeps the weights small: as much as one more frame without an error in which each deviation is this far from zero everywhere, in
 * levels of 256 (docs/decisions/0014-learning-from-the-clip.md).
 */
const RIDGE = 9;

/**
 * How what is expected of a frame errs, as a sum of deviations with weights: from what is expected, those of what is expected at each longer stride, of the
 * last two known frames, of the mean of the known frames, of the expected frame blurred a little and more, and of the last frame where it stands still. Forecasts corrected by a regression
 * on themselves are "model output statistics" (Glahn and Lowry 1972). The weights are those of ridge regression (Hoerl and Kennard 1970),
 * for each frame ahead its own.
 */
export class CorrectionRegression {
  /** For each frame ahead, for each deviation, the sums of its products with all deviations and, last, with the error. */
  private readonly sums: Float64Array[][] = [];

  constructor(private readonly shape: ImageShape) {}

  /**
   * Counts a frame that is known, and was expected from those before a place.
   * @param ahead how many frames after the last one before that place, 1 for the next
   */
  add(ahead: number, expectation: Expectation, known: KnownPast, truth: Uint8Array): void {
    const deviations = deviationsOf(expectation, known, this.shape);
    const error = Float32Array.from(truth, (byte, at) => byte - expectation.mean[at]);
    const count = deviations.length;
    const sums = (this.sums[ahead - 1] ??= deviations.map(() => new Float64Array(count + 1)));
    for (const [row, a] of deviations.entries()) {
      for (let column = 0; column <= row; column++) {
        const product = dot(a, deviations[column]);
        sums[row][column] += product;
        if (column < row) sums[column][row] += product;
      }
      sums[row][count] += dot(a, error);
    }
  }

  /** @param known at the place that frames are to be predicted from */
  correction(known: KnownPast): Correction {
    const { size, channels } = this.shape;
    const ridge = RIDGE ** 2 * size.width * size.height * channels;
    const weights = this.sums.map((rows) =>
      solved(rows.map((row, at) => row.map((value, column) => (at === column ? value + ridge : value)))),
    );
    return new Correction(this.shape, known, weights);
  }
}

/** What frames ahead are expected to be, corrected. */
export class Correction {
  /**
   * @param known at the place that frames are predicted from
   * @param weights for each frame ahead one for each deviation
   */
  constructor(
    private readonly shape: ImageShape,
    private readonly known: KnownPast,
    readonly weights: readonly Float64Array[],
  ) {}

  /**
   * A frame as it is expected, corrected: height x width x channels, in bytes, but neither rounded nor kept within their range. Further ahead than weights were learned, it is
   * corrected as the last that is expected at the same strides.
   * @param ahead 1 for the frame after the last known one
   * @throws PxvError `USAGE` where it is expected at other strides than those that were learned
   */
  corrected(ahead: number, expectation: Expectation): Float32Array {
    const { weights } = this;
    const beyond = Math.max(0, ahead - weights.length);
    const of = weights[ahead - 1 - Math.ceil(beyond / LONGEST_STRIDE) * LONGEST_STRIDE];
    const deviations = deviationsOf(expectation, this.known, this.shape);
    if (deviations.length !== of.length) {
      const expected = `${of.length} deviations, as in the hindcasts`;
      const remedy = 'predict from the context that the correction was learned for';
      const misused = errorsOf('USAGE', 'correct what is expected');
      throw misused(`frame ${ahead} ahead`, expected, `${deviations.length}`, remedy);
    }
    const frame = Float32Array.from(expectation.mean);
    for (const [index, deviation] of deviations.entries()) {
      const weight = of[index];
      for (let at = 0; at < frame.length; at++) frame[at] += weight * deviation[at];
    }
    return frame;
  }

  /** The bytes of a frame that is expected or was drawn, shifted by as much as what is expected of it is corrected. */
  shown(ahead: number, expectation: Expectation, frame: Uint8Array): Uint8Array {
    const highest = this.shape.levels - 1;
    return Uint8Array.from(this.corrected(ahead, expectation), (value, at) => {
      const shifted = Math.fround(value + frame[at] - expectation.mean[at]);
      const level = Math.round((shifted / 255) * highest);
      return byteOf(Math.min(Math.max(level, 0), highest), this.shape.levels);
    });
  }
}

/** What stands beside an expected frame, less that frame. */
function deviationsOf({ mean, slower }: Expectation, known: KnownPast, shape: ImageShape): Float32Array[] {
  const { last, before, stillness } = known;
  const blurs = [1, 4].map((times) => blurred(mean, shape, times));
  const others: ArrayLike<number>[] = [...slower, last, before, known.mean, ...blurs];
  const deviations = others.map((other) => Float32Array.from(other, (value, at) => value - mean[at]));
  return [...deviations, Float32Array.from(last, (byte, at) => stillness[at] * (byte - mean[at]))];
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}

/**
 * x where A x = b, by elimination in place; rows are those of A, each with its b last. A is symmetric and positive definite, so that no
 * pivot is looked for.
 */
function solved(rows: Float64Array[]): Float64Array {
  const count = rows.length;
  for (let pivot = 0; pivot < count; pivot++) {
    for (let below = pivot + 1; below < count; below++) {
      const factor = rows[below][pivot] / rows[pivot][pivot];
      for (let column = pivot; column <= count; column++) rows[below][column] -= factor * rows[pivot][column];
    }
  }
  const x = new Float64Array(count);
  for (let at = count - 1; at >= 0; at--) {
    let rest = rows[at][count];
    for (let column = at + 1; column < count; column++) rest -= rows[at][column] * x[column];
    x[at] = rest / rows[at][at];
  }
  return x;
}
