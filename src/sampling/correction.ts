import { errorFactory } from '../foundation/errors.js';
import { levelToByte, type ImageShape } from '../foundation/levels.js';
import { LONGEST_STRIDE } from '../conditioning/context/history.js';

/** An expected frame, height x width x channels bytes, and the predictions that it is the mean of. */
export interface Expectation {
  mean: Uint8Array;
  /** The prediction at each longer stride that leads to the frame (see `SUBSEQUENCES`), in their order. */
  longerStrides: readonly Uint8Array[];
}

/** Statistics of the known frames before a place in a clip, height x width x channels each, in bytes. */
export interface HistoryStatistics {
  /** The last frame. */
  last: Uint8Array;
  /** The frame before the last. */
  before: Uint8Array;
  /** Mean of the last frames, at most `MOST_AVERAGED` of them. */
  mean: Float32Array;
  /**
   * Stillness from the last frame but one to the last: 1 where nothing changes there and nearby, near 0 where much
   * does.
   */
  stillness: Float32Array;
}

/** Largest number of last frames that the mean is taken over. */
export const MOST_AVERAGED = 128;
/** Mean change, in bytes, that leaves a stillness of 1/e. */
const STIRRING = 4;

/**
 * Returns the statistics of known frames.
 * @param frames oldest first, height x width x channels bytes each, at least two
 */
export function historyStatistics(frames: readonly Uint8Array[], shape: ImageShape): HistoryStatistics {
  const [before, last] = frames.slice(-2);
  const averaged = frames.slice(-MOST_AVERAGED);
  const mean = new Float32Array(last.length);
  for (const frame of averaged) frame.forEach((byte, at) => (mean[at] += byte));
  const stillness = stillnessOf(before, last, shape);
  return { last, before, mean: mean.map((sum) => sum / averaged.length), stillness };
}

function stillnessOf(before: Uint8Array, last: Uint8Array, shape: ImageShape): Float32Array {
  const { channels } = shape;
  const change = Float32Array.from(last, (_, at) => {
    const pixel = at - (at % channels);
    let sum = 0;
    for (let c = pixel; c < pixel + channels; c++) sum += Math.abs(last[c] - before[c]);
    return sum / channels;
  });
  return blurred(change, shape, 2).map((value) => Math.exp(-value / STIRRING));
}

/** Binomial weights of a pixel and of those beside it: a standard deviation of one pixel. */
const BLUR = [1, 4, 6, 4, 1].map((weight) => weight / 16);

/**
 * Blurs a frame along its columns and rows; beyond an edge stands what is at the edge.
 * @param times number of blurs, each by a standard deviation of one pixel
 */
function blurred(frame: ArrayLike<number>, shape: ImageShape, times: number): Float32Array {
  const { size, channels } = shape;
  const { width, height } = size;
  const along = (from: ArrayLike<number>, step: number, length: number) =>
    Float32Array.from(from, (_, at) => {
      const place = Math.floor(at / step) % length;
      let sum = 0;
      for (const [index, weight] of BLUR.entries()) {
        const beside = Math.min(Math.max(place + index - 2, 0), length - 1);
        sum += weight * from[at + (beside - place) * step];
      }
      return sum;
    });
  let soft = frame;
  for (let time = 0; time < times; time++) soft = along(along(soft, channels, width), width * channels, height);
  return Float32Array.from(soft);
}

/**
 * Regularisation: as much as one more frame without an error in which each deviation is this far from zero everywhere,
 * in levels of 256 (docs/decisions/0014-learning-from-the-clip.md).
 */
const RIDGE = 9;

/**
 * Regression of the errors of expected frames on deviations from them: those of the predictions at each longer stride,
 * of the last two known frames, of the mean of the known frames, of the expected frame blurred a little and more, and
 * of the last frame where it stands still. Forecasts corrected by a regression on themselves are "model output
 * statistics" (Glahn and Lowry 1972). The weights are those of ridge regression (Hoerl and Kennard 1970), for each
 * frame ahead its own.
 */
export class CorrectionRegression {
  /**
   * For each frame ahead, for each deviation, the sums of its products with all deviations and, last, with the error.
   */
  private readonly sums: Float64Array[][] = [];

  constructor(private readonly shape: ImageShape) {}

  /**
   * Adds a known frame that was predicted from those before a place.
   * @param ahead number of frames after the last one before that place, 1 for the next
   * @param known of the frames before that place
   */
  add(ahead: number, expectation: Expectation, known: HistoryStatistics, truth: Uint8Array): void {
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

  /** Returns the correction that was learned. @param known of the frames before those to predict */
  correction(known: HistoryStatistics): Correction {
    const { size, channels } = this.shape;
    const ridge = RIDGE ** 2 * size.width * size.height * channels;
    const weights = this.sums.map((rows) =>
      solved(rows.map((row, at) => row.map((value, column) => (at === column ? value + ridge : value)))),
    );
    return new Correction(this.shape, known, weights);
  }
}

/** Correction of expected frames by their deviations. */
export class Correction {
  /**
   * @param known of the frames before the predicted ones
   * @param weights for each frame ahead one for each deviation
   */
  constructor(
    private readonly shape: ImageShape,
    private readonly known: HistoryStatistics,
    readonly weights: readonly Float64Array[],
  ) {}

  /**
   * Returns an expected frame, corrected: height x width x channels, in bytes, neither rounded nor clipped. Further
   * ahead than weights were learned, it is corrected as the last that is predicted at the same strides.
   * @param ahead 1 for the frame after the last known one
   * @throws PxvError `USAGE` if it is predicted at other strides than those that were learned
   */
  corrected(ahead: number, expectation: Expectation): Float32Array {
    const { weights } = this;
    const beyond = Math.max(0, ahead - weights.length);
    const of = weights[ahead - 1 - Math.ceil(beyond / LONGEST_STRIDE) * LONGEST_STRIDE];
    const deviations = deviationsOf(expectation, this.known, this.shape);
    if (deviations.length !== of.length) {
      const expected = `${of.length} deviations, as in the hindcasts`;
      const remedy = 'predict from the context that the correction was learned for';
      const misused = errorFactory('USAGE', 'correct what is expected');
      throw misused(`frame ${ahead} ahead`, expected, `${deviations.length}`, remedy);
    }
    const frame = Float32Array.from(expectation.mean);
    for (const [index, deviation] of deviations.entries()) {
      const weight = of[index];
      for (let at = 0; at < frame.length; at++) frame[at] += weight * deviation[at];
    }
    return frame;
  }

  /** Returns the bytes of an expected or drawn frame, shifted as the expected one is by its correction. */
  shown(ahead: number, expectation: Expectation, frame: Uint8Array): Uint8Array {
    const highest = this.shape.levels - 1;
    return Uint8Array.from(this.corrected(ahead, expectation), (value, at) => {
      const shifted = Math.fround(value + frame[at] - expectation.mean[at]);
      const level = Math.round((shifted / 255) * highest);
      return levelToByte(Math.min(Math.max(level, 0), highest), this.shape.levels);
    });
  }
}

/** Returns the deviations of other frames from an expected one. */
function deviationsOf(
  { mean, longerStrides }: Expectation,
  known: HistoryStatistics,
  shape: ImageShape,
): Float32Array[] {
  const { last, before, stillness } = known;
  const blurs = [1, 4].map((times) => blurred(mean, shape, times));
  const others: ArrayLike<number>[] = [...longerStrides, last, before, known.mean, ...blurs];
  const deviations = others.map((other) => Float32Array.from(other, (value, at) => value - mean[at]));
  return [...deviations, Float32Array.from(last, (byte, at) => stillness[at] * (byte - mean[at]))];
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}

/**
 * Returns x where A x = b, by elimination in place; rows are those of A, each with its b last. A is symmetric and
 * positive definite, so that no pivot is looked for.
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
