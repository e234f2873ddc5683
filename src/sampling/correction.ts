import { errorFactory } from '../foundation/errors.js';
import { levelToByte, type ImageShape } from '../foundation/levels.js';
import { blur } from './blur.js';
import { LONGEST_STRIDE } from '../conditioning/context/history.js';

/** Expected frame with its predictions at longer strides: height x width x channels each, in levels of 0 to 255. */
export interface Expectation {
  /** Expected frame: the mean of the predictions at all strides. */
  mean: Uint8Array;
  /** Prediction at each longer stride that leads to the frame (see `leadsTo`), in the order of `SUBSEQUENCES`. */
  longerStrides: readonly Uint8Array[];
}

/**
 * Statistics of the known frames of a history, height x width x channels each. All but `stillness` are in levels of 0
 * to 255.
 */
export interface HistoryStatistics {
  /** Last known frame. */
  last: Uint8Array;
  /** Last known frame but one. */
  before: Uint8Array;
  /** Mean of the last frames, at most `MAX_AVERAGED_FRAMES` of them. */
  mean: Float32Array;
  /**
   * Stillness of each sub-pixel between the last two frames, 0 to 1: exp(-change / `STIRRING`), with the change
   * averaged over the channels and nearby pixels. 1: nothing changes. The same for all channels of a pixel.
   */
  stillness: Float32Array;
}

/** Maximum number of last frames that `HistoryStatistics.mean` averages. */
export const MAX_AVERAGED_FRAMES = 128;
/** Change of a pixel and its neighbourhood, in levels of 0 to 255, at which the stillness is 1/e. */
const STIRRING = 4;

/**
 * Returns the statistics of the known frames `frames`.
 * @param frames oldest first, height x width x channels each, in levels of 0 to 255; at least two
 * @param shape shape of the frames
 */
export function historyStatistics(frames: readonly Uint8Array[], shape: ImageShape): HistoryStatistics {
  const [before, last] = frames.slice(-2);
  const averaged = frames.slice(-MAX_AVERAGED_FRAMES);
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
  return blur(change, shape, 2).map((value) => Math.exp(-value / STIRRING));
}

/**
 * Root of the ridge parameter, in levels of 0 to 255. The sum of squares of each deviation is increased by as much as a
 * further frame adds in which the deviation has this size everywhere (docs/decisions/0014-learning-from-the-clip.md).
 */
const RIDGE = 9;

/**
 * Ridge regression (Hoerl and Kennard 1970) of the errors of expected frames, fitted separately for each number of
 * frames ahead. The regressors are the deviations from the expected frame of:
 * - the predictions at each longer stride
 * - the last two known frames, and the mean of the known frames
 * - the expected frame blurred by standard deviations of 1 and of 2 pixels
 * - the last known frame; its deviation is multiplied by the stillness
 *
 * Forecasts corrected by a regression on themselves are "model output statistics" (Glahn and Lowry 1972).
 */
export class CorrectionRegression {
  /** Sums of products for each frame ahead: of each deviation with all deviations and, last, with the error. */
  private readonly sums: Float64Array[][] = [];

  constructor(private readonly shape: ImageShape) {}

  /**
   * Adds a known frame and its prediction to the fit.
   * @param ahead number of frames from the last known frame of the prediction to `truth`, 1 for the next
   * @param expectation prediction of `truth`
   * @param known statistics of the history that `truth` was predicted from
   * @param truth the known frame, height x width x channels, in levels of 0 to 255
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

  /**
   * Solves the regressions and returns the correction with their weights.
   * @param known statistics of the history to predict from
   */
  correction(known: HistoryStatistics): Correction {
    const { size, channels } = this.shape;
    const ridge = RIDGE ** 2 * size.width * size.height * channels;
    const weights = this.sums.map((rows) =>
      solve(rows.map((row, at) => row.map((value, column) => (at === column ? value + ridge : value)))),
    );
    return new Correction(this.shape, known, weights);
  }
}

/** Correction of expected frames: adds a weighted sum of the deviations that `CorrectionRegression` lists. */
export class Correction {
  /**
   * @param known statistics of the history that frames are predicted from
   * @param weights for each frame ahead, one weight for each deviation
   */
  constructor(
    private readonly shape: ImageShape,
    private readonly known: HistoryStatistics,
    readonly weights: readonly Float64Array[],
  ) {}

  /**
   * Returns the corrected expected frame: height x width x channels, on the scale of 0 to 255, neither rounded nor
   * clipped. A frame further ahead than the fit uses the weights of the last fitted frame that lies a multiple of
   * `LONGEST_STRIDE` before.
   * @param ahead number of frames after the last known one, 1 for the next
   * @param expectation expected frame to correct
   * @throws PxvError `USAGE` if the frame is predicted at other strides than those of the fit
   * @internal
   */
  correct(ahead: number, expectation: Expectation): Float32Array {
    const { weights } = this;
    const beyond = Math.max(0, ahead - weights.length);
    const of = weights[ahead - 1 - Math.ceil(beyond / LONGEST_STRIDE) * LONGEST_STRIDE];
    const deviations = deviationsOf(expectation, this.known, this.shape);
    if (deviations.length !== of.length) {
      const expected = `${of.length} deviations, as in the hindcasts`;
      const remedy = 'predict from the context that the correction was learned for';
      const misused = errorFactory('USAGE', 'correct expected frames');
      throw misused(`frame ${ahead} ahead`, expected, `${deviations.length}`, remedy);
    }
    const frame = Float32Array.from(expectation.mean);
    for (const [index, deviation] of deviations.entries()) {
      const weight = of[index];
      for (let at = 0; at < frame.length; at++) frame[at] += weight * deviation[at];
    }
    return frame;
  }

  /**
   * Returns `frame`, an expected or drawn frame, plus the change that the correction makes to the expected frame. The
   * result is clipped and rounded to the model's levels, then scaled to 0 to 255.
   * @throws PxvError as `correct`
   * @internal
   */
  applyTo(ahead: number, expectation: Expectation, frame: Uint8Array): Uint8Array {
    const highest = this.shape.levels - 1;
    return Uint8Array.from(this.correct(ahead, expectation), (value, at) => {
      const shifted = Math.fround(value + frame[at] - expectation.mean[at]);
      const level = Math.round((shifted / 255) * highest);
      return levelToByte(Math.min(Math.max(level, 0), highest), this.shape.levels);
    });
  }
}

/** Returns the deviations from an expected frame, in the order of the weights. */
function deviationsOf({ mean, longerStrides }: Expectation, known: HistoryStatistics, shape: ImageShape) {
  const { last, before, stillness } = known;
  // One blur has a standard deviation of 1 pixel, four in sequence of 2 pixels.
  const blurs = [1, 4].map((times) => blur(mean, shape, times));
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
 * Returns x with A x = b, by Gaussian elimination in place. Each row of `rows` holds a row of A, then its element of b.
 * A is symmetric and positive definite: no pivoting is needed.
 */
function solve(rows: Float64Array[]): Float64Array {
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
