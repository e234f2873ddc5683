import { kernel, perPixel } from './description.js';
import { earlierInputs, earlierShape, type EarlierPixelsShape } from './earlier-pixels.js';

/** Regressions of each pixel: of what is near, and of more. */
export const REGRESSIONS = 2;

/** What a pixel is regressed on. */
export function regressors({ channels, references }: Pick<EarlierPixelsShape, 'channels' | 'references'>): number {
  return 3 * channels + 13 + (references - 1);
}

/** Features of a pixel that `localRegression` gives. */
export function localRegressionFeatures({ channels }: Pick<EarlierPixelsShape, 'channels'>): number {
  return REGRESSIONS * 2 * channels;
}

/**
 * What the pixels before each pixel of an image say of how it differs from what is expected, by least squares over those
 * nearby, as in lossless coders (Li and Orchard, "Edge-directed prediction for lossless compression of natural images", 2001).
 * With e(q) the errors of a known pixel, image less expected, a channel each, r(q) its regressors and |p - q| the sum of rows and
 * columns between two pixels,
 *
 *     W = argmin sum over q before p of decay^|p - q| |e(q) - W r(q)|^2 + ridge |W|^2        moved(p) = W r(p)
 *     ridge = share * mean square of the regressors there + (squares * sum of decay^|p - q| + 1e-6) unit        unit = (highest / 255)^2
 *     left^2 = (what is left of the sum + unit) / (sum of decay^|p - q| + 1/4), channel by channel
 *
 * with decay 0.7, a regression of what is near, and 0.9, one of more; share 0.006 and squares 0.015.
 *
 * The regressors of a pixel are e of the pixel before it and of that above, by channel, 0 outside the image; the mean of e over
 * channels above to the left and right, two before and two above; the newest reference less what is expected, by channel; of the
 * means over channels how much what is expected grows to the right, below, to the left and above, and what the newest reference
 * lies beyond it there (outside: the pixel nearest inside); what each other reference lies beyond it at the pixel; and 2 levels of 255.
 * All is in float64 and rounded once, in the same order everywhere: every instruction set gives the same bits.
 *
 * `out` has, with each decay in turn, gain * moved(p), so that what is expected and moved is a level, and left / (left + 4 levels of
 * 255). Of images that are not searched it has no change to what is expected, 0, and the largest error, 1.
 */
export const localRegression = kernel({
  numbers: earlierShape,
  sharedBySets: true,
  inputs: earlierInputs,
  outputs: { out: perPixel(localRegressionFeatures) },
  // Within a row, moments are counted in 32 bits.
  limits: (of) => ({ 'moments of one row': of.width * (regressors(of) + of.channels + 1) ** 2 }),
});
