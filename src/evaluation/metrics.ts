import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';

const peak = 255;
/** Window of SSIM, in pixels (Wang, Bovik, Sheikh and Simoncelli 2004, section III-C). */
const windowLength = 11;
const windowDeviation = 1.5;
/** Window of `uniformSsim`, in pixels. */
const uniformLength = 7;

/** Returns the mean squared error over all sub-pixels, in squared levels. @throws PxvError `INPUT` as `psnr` */
export function meanSquaredError(truth: Frame, predicted: Frame): number {
  assertSameGeometry('mean squared error', truth, predicted);
  let squares = 0;
  for (let i = 0; i < truth.data.length; i++) squares += (truth.data[i] - predicted.data[i]) ** 2;
  return squares / truth.data.length;
}

/** Returns the mean absolute difference over all sub-pixels, in levels. @throws PxvError `INPUT` as `psnr` */
export function meanAbsoluteDifference(before: Frame, after: Frame): number {
  assertSameGeometry('mean absolute difference', before, after);
  let sum = 0;
  for (let i = 0; i < after.data.length; i++) sum += Math.abs(after.data[i] - before.data[i]);
  return sum / after.data.length;
}

/** Returns the PSNR in dB of a mean squared error in squared levels of 0 to 255; Infinity for 0. */
export function psnrOfError(meanSquaredError: number): number {
  return 10 * Math.log10(peak ** 2 / meanSquaredError);
}

/** Maximum PSNR in dB of a clip: above it, less than one sub-pixel in fifteen is wrong by one level. */
const MAX_DECIBELS = 60;

/**
 * Returns the PSNR in dB of a clip's mean squared error, at most 60. The limit keeps a clip without motion from
 * dominating the mean over clips.
 */
export function cappedPsnr(meanSquaredError: number): number {
  return Math.min(MAX_DECIBELS, psnrOfError(meanSquaredError));
}

/**
 * Returns the PSNR in dB of `predicted` against `truth`, over all channels; Infinity for equal frames.
 * @throws PxvError `INPUT` if the frames differ in width, height or channels, or if the length of their data does not
 *   match
 */
export function psnr(truth: Frame, predicted: Frame): number {
  assertSameGeometry('PSNR', truth, predicted);
  return psnrOfError(meanSquaredError(truth, predicted));
}

/** Returns true if SSIM is defined for the size: at least 11 x 11 pixels. */
export function isLargeEnoughForSsim({ width, height }: Size): boolean {
  return Math.min(width, height) >= windowLength;
}

/**
 * Returns the mean SSIM of two frames, -1 to 1; 1 for equal frames. A Gaussian window of 11 x 11 pixels goes over all
 * positions inside the frame. Channels are compared separately, then averaged.
 * @throws PxvError `INPUT` as `psnr`, or if the frames are smaller than 11 x 11 pixels
 */
export function ssim(truth: Frame, predicted: Frame): number {
  return windowedSsim(truth, predicted, { weights: gaussianWindow, covarianceScale: 1, dataRange: peak });
}

/**
 * Returns the mean SSIM of two frames as scikit-image's `structural_similarity` does without further options: a uniform
 * window of 7 x 7 pixels over all positions inside the frame, with the sample covariance. Channels are compared
 * separately, then averaged.
 * @param dataRange difference of the highest and the lowest level; default 255. OpenSTL passes images of 0 to 1 as
 *   floats without a range, for which scikit-image up to 0.19 takes 2, which is 510 in levels
 * @throws PxvError `INPUT` as `psnr`, or if the frames are smaller than 7 x 7 pixels
 */
export function uniformSsim(truth: Frame, predicted: Frame, dataRange = peak): number {
  const count = uniformLength ** 2;
  return windowedSsim(truth, predicted, { weights: uniformWindow, covarianceScale: count / (count - 1), dataRange });
}

/** Window and constants of an SSIM. */
interface SsimKind {
  /** Weights of the window along one side; their sum is 1. */
  weights: Float64Array;
  /** Factor of variances and covariances under the window. */
  covarianceScale: number;
  /** Difference of the highest and the lowest level. */
  dataRange: number;
}

function windowedSsim(truth: Frame, predicted: Frame, kind: SsimKind): number {
  assertSameGeometry('SSIM', truth, predicted);
  const { width, height, channels } = truth;
  const side = kind.weights.length;
  if (Math.min(width, height) < side) {
    const remedy = 'compare larger frames, or use PSNR';
    throw refused('SSIM', `at least ${side} x ${side} pixels`, `${width} x ${height}`, remedy);
  }
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    const [x, y] = [truth, predicted].map((frame) => Float64Array.from(channelOf(frame, channel).data));
    sum += channelSsim(x, y, width, kind);
  }
  return sum / channels;
}

function channelSsim(x: Float64Array, y: Float64Array, width: number, kind: SsimKind): number {
  const { weights, covarianceScale, dataRange } = kind;
  // Wang et al., section III-B.
  const c1 = (0.01 * dataRange) ** 2;
  const c2 = (0.03 * dataRange) ** 2;
  const product = (a: Float64Array, b: Float64Array) => a.map((value, i) => value * b[i]);
  const [meanX, meanY, meanXX, meanYY, meanXY] = [x, y, product(x, x), product(y, y), product(x, y)].map((map) =>
    localMean(map, width, weights),
  );
  let sum = 0;
  for (let i = 0; i < meanX.length; i++) {
    const xx = meanX[i] ** 2;
    const yy = meanY[i] ** 2;
    const xy = meanX[i] * meanY[i];
    const covariance = covarianceScale * (meanXY[i] - xy);
    const variances = covarianceScale * (meanXX[i] - xx + (meanYY[i] - yy));
    sum += ((2 * xy + c1) * (2 * covariance + c2)) / ((xx + yy + c1) * (variances + c2));
  }
  return sum / meanX.length;
}

const gaussian = Float64Array.from({ length: windowLength }, (_, i) =>
  Math.exp(-((i - (windowLength - 1) / 2) ** 2) / (2 * windowDeviation ** 2)),
);
const gaussianSum = gaussian.reduce((sum, weight) => sum + weight);
const gaussianWindow = gaussian.map((weight) => weight / gaussianSum);
const uniformWindow = new Float64Array(uniformLength).fill(1 / uniformLength);

/**
 * Returns the weighted means under a square window: for n weights height x width becomes (height - n + 1) x
 * (width - n + 1).
 */
function localMean(map: Float64Array, width: number, weights: Float64Array): Float64Array {
  const margin = weights.length - 1;
  const height = map.length / width;
  const outWidth = width - margin;
  const rows = new Float64Array(height * outWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let k = 0; k <= margin; k++) sum += weights[k] * map[y * width + x + k];
      rows[y * outWidth + x] = sum;
    }
  }
  const out = new Float64Array((height - margin) * outWidth);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = 0; k <= margin; k++) sum += weights[k] * rows[i + k * outWidth];
    out[i] = sum;
  }
  return out;
}

/** Returns one channel of a frame, as a frame of one channel. */
export function channelOf(frame: Frame, channel: number): Frame {
  return { ...frame, channels: 1, data: frame.data.filter((_, at) => at % frame.channels === channel) };
}

/**
 * Throws an error unless both frames have equal width, height and channels, and data of the matching length.
 * @param operation name of the computation for the error's message
 * @throws PxvError `INPUT`
 */
export function assertSameGeometry(operation: string, first: Frame, second: Frame): void {
  const shapeOf = ({ width, height, channels }: Frame) =>
    `${width} x ${height} pixels of ${pluralize(channels, 'channel')}`;
  for (const frame of [first, second]) {
    const bytes = frame.width * frame.height * frame.channels;
    const expected = `${pluralize(bytes, 'byte')} for ${shapeOf(frame)}`;
    const remedy = 'give frames whose data has height x width x channels bytes';
    if (frame.data.length !== bytes) throw refused(operation, expected, String(frame.data.length), remedy);
  }
  const expected = shapeOf(first);
  const received = shapeOf(second);
  if (expected !== received) throw refused(operation, expected, received, 'compare frames of one size');
}

function refused(what: string, expected: string, received: string, remedy: string): PxvError {
  return errorFactory('INPUT', `compute ${what}`)('frames', expected, received, remedy);
}
