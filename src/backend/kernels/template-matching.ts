import { kernel, perPixel, pictures } from './description.js';
import { earlierInputs, earlierShape, type EarlierPixelsShape } from './earlier-pixels.js';

/**
 * Parameters of template matching, in pixels. `reach`: maximum motion, down or across. `margin`: maximum distance, down
 * or across, of a pixel to the template's pixels, which are above it or to its left.
 */
export const TEMPLATES = { reach: 6, margin: 3 } as const;

/** Returns the number of features that `templateMatching` writes for each pixel. */
export function templateFeatures(of: Pick<EarlierPixelsShape, 'channels' | 'references'>): number {
  return of.references * (2 * of.channels + 3);
}

const read = perPixel(templateFeatures);

/**
 * Kernel that predicts each pixel by template matching (Sugimoto et al., "Inter frame coding with template matching
 * spatio-temporal prediction", 2004). The template, the pixels above and to the left, is searched for in each
 * reference; the pixel beside a match is a prediction. r(f) are levels rounded to integers, halves up. Values below 0
 * and NaN count as 0, values above 255 as 255. Pixels outside of a reference are replaced by the nearest inside.
 *
 *     D_d(q) = sum over channels of |r(image)(q) - r(reference)(q + d)|, 0 outside the image; |d| at most `reach`
 *     K_d(p) = sum over the template's pixels t of weight(t) D_d(p + t) + distance (|down| + |right|)
 *     w_d    = max(0, T - (K_d - K))^2, with K the least K_d, of the first d* by rows; T = floor(3 (K + small) / 10)
 *     m      = sum of w_d r(reference)(p + d) / sum of w_d
 *     s^2    = the same of squares, less m^2, mean over channels
 *
 * The template's pixels are those before p at most `margin` away, and weight(t) = max(1, floor(6 / (|down| +
 * |right|))). The costs are `distance` 3, `small` 60 and `usual` 400 for three channels of 256 levels. For other images
 * they scale in proportion, rounded, and at least 1, 4 and 4, so that the best match always counts. The mean is a
 * non-local mean (Buades, Coll and Morel 2005) whose weights reach zero. All sums are of integers: costs of 256 levels
 * fit in 16 bits, sums of squares in the 53 of a float64. The rest is in float64, rounded once: every instruction set
 * gives the same bits.
 *
 * `out` holds for each reference in turn, with fits = (1 - K / (K + usual))^2 and K_0 the K_d of d = 0,
 *
 *     gain * fits * (m - expected), gain * fits * (r(reference)(p + d*) - expected), gain * fits * s,
 *     K / (K + usual), (K_0 - K) / (K_0 + K + small)
 *
 * Each step from fits on is rounded to float32. Predictions from poor matches, as beside wrongly drawn pixels, count
 * for little. Images that are not searched get the features of no match: 0, and 1 for K / (K + usual).
 */
export const templateMatching = kernel({
  numbers: earlierShape,
  inputs: earlierInputs,
  outputs: { out: read },
  // Indices within an image are 32-bit.
  limits: (of) => ({ 'values of one image': of.height * of.width * templateFeatures(of) }),
});

/**
 * Kernel of the gradient of `templateMatching` with respect to the expected frame, given its output, as `read`, and
 * dOut.
 */
export const templateMatchingGradient = kernel({
  numbers: earlierShape,
  inputs: { read, dOut: read },
  outputs: { dExpected: pictures },
});
