import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';

const peak = 255;
/** Window of SSIM, in pixels, and constants (Wang, Bovik, Sheikh and Simoncelli 2004, sections III-B and III-C). */
const windowLength = 11;
const windowDeviation = 1.5;
const c1 = (0.01 * peak) ** 2;
const c2 = (0.03 * peak) ** 2;

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
  assertSameGeometry('SSIM', truth, predicted);
  const { width, height, channels } = truth;
  const least = `at least ${windowLength} x ${windowLength} pixels`;
  if (!isLargeEnoughForSsim(truth))
    throw refused('SSIM', least, `${width} x ${height}`, 'compare larger frames, or use PSNR');
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    sum += channelSsim(channelOf(truth, channel), channelOf(predicted, channel), width);
  }
  return sum / channels;
}

function channelSsim(x: Float64Array, y: Float64Array, width: number): number {
  const product = (a: Float64Array, b: Float64Array) => a.map((value, i) => value * b[i]);
  const [meanX, meanY, meanXX, meanYY, meanXY] = [x, y, product(x, x), product(y, y), product(x, y)].map((map) =>
    localMean(map, width),
  );
  let sum = 0;
  for (let i = 0; i < meanX.length; i++) {
    const xx = meanX[i] ** 2;
    const yy = meanY[i] ** 2;
    const xy = meanX[i] * meanY[i];
    const covariance = meanXY[i] - xy;
    const variances = meanXX[i] - xx + (meanYY[i] - yy);
    sum += ((2 * xy + c1) * (2 * covariance + c2)) / ((xx + yy + c1) * (variances + c2));
  }
  return sum / meanX.length;
}

const gaussian = Float64Array.from({ length: windowLength }, (_, i) =>
  Math.exp(-((i - (windowLength - 1) / 2) ** 2) / (2 * windowDeviation ** 2)),
);
const gaussianSum = gaussian.reduce((sum, weight) => sum + weight);
const window = gaussian.map((weight) => weight / gaussianSum);

/** Returns the weighted means under the window: height x width becomes (height - 10) x (width - 10). */
function localMean(map: Float64Array, width: number): Float64Array {
  const margin = windowLength - 1;
  const height = map.length / width;
  const outWidth = width - margin;
  const rows = new Float64Array(height * outWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let k = 0; k < windowLength; k++) sum += window[k] * map[y * width + x + k];
      rows[y * outWidth + x] = sum;
    }
  }
  const out = new Float64Array((height - margin) * outWidth);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = 0; k < windowLength; k++) sum += window[k] * rows[i + k * outWidth];
    out[i] = sum;
  }
  return out;
}

function channelOf({ data, channels }: Frame, channel: number): Float64Array {
  return Float64Array.from({ length: data.length / channels }, (_, pixel) => data[pixel * channels + channel]);
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
