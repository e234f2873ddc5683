import { kernel, perPixel } from './description.js';
import { earlierInputs, earlierShape, type EarlierPixelsShape } from './earlier-pixels.js';

/** Number of regressions of each pixel, which differ in the decay of weights with distance: 0.7 and 0.9. */
export const REGRESSIONS = 2;

/** Returns the number of regressors of a pixel: see `localRegression`. */
export function regressors({ channels, references }: Pick<EarlierPixelsShape, 'channels' | 'references'>): number {
  return 3 * channels + 13 + (references - 1);
}

/** Returns the number of features that `localRegression` writes for each pixel. */
export function localRegressionFeatures({ channels }: Pick<EarlierPixelsShape, 'channels'>): number {
  return REGRESSIONS * 2 * channels;
}

/**
 * Kernel that predicts each pixel's error from the errors of the pixels before it in raster order, by weighted least
 * squares. Lossless coders do the same (Li and Orchard, "Edge-directed prediction for lossless compression of natural
 * images", 2001). e(q) are the errors of a known pixel (image less expected frame) by channel, r(q) its regressors. |p
 * - q| is the sum of rows and columns between two pixels.
 *
 *     W = argmin sum over q before p of decay^|p - q| |e(q) - W r(q)|^2 + ridge |W|^2        moved(p) = W r(p)
 *     ridge = share * S / number of regressors + (squares * sum of decay^|p - q| + 1e-6) unit
 *     S = sum over q before p of decay^|p - q| |r(q)|^2
 *     unit = (highest / 255)^2
 *     left^2 = (residual of the sum + unit) / (sum of decay^|p - q| + 1/4), channel by channel
 *
 * Decay is 0.7 for the near regression and 0.9 for the wider; share is 0.006 and squares 0.015.
 *
 * Regressors of a pixel:
 * - e of the pixel before and of the pixel above, by channel, 0 outside the image
 * - mean of e over channels at four pixels: above left, above right, two before and two above
 * - newest reference less expected frame, by channel
 * - mean over channels of the expected frame to the right, below, left and above, less that at the pixel
 * - mean over channels of newest reference less expected frame at these four pixels (outside: the nearest pixel inside)
 * - mean over channels of each other reference less expected frame, at the pixel
 * - a constant, 2 levels of 255
 *
 * All is in float64 and rounded once, in the same order everywhere: every instruction set gives the same bits.
 *
 * `out` holds, for each decay, gain * moved(p) of each channel, clamped so that expected frame plus moved is from 0 to
 * `highest`. left / (left + 4 levels of 255) of each channel follows. Images that are not searched get the correction 0
 * and the maximum error, 1.
 */
export const localRegression = kernel({
  numbers: earlierShape,
  inputs: earlierInputs,
  outputs: { out: perPixel(localRegressionFeatures) },
  // Indices within a row of moments are 32-bit.
  limits: (of) => ({ 'moments of one row': of.width * (regressors(of) + of.channels + 1) ** 2 }),
});
