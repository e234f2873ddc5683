import { kernel, perPixel, pictures } from './description.js';
import { earlierInputs, earlierShape, type EarlierPixelsShape } from './earlier-pixels.js';

/** Pixels that a template may have moved, down or across, and that it reaches to the left, up and to the right. */
export const TEMPLATES = { reach: 6, margin: 3 } as const;

/** Features of a pixel that `templateMatching` gives. */
export function templateFeatures(of: Pick<EarlierPixelsShape, 'channels' | 'references'>): number {
  return of.references * (2 * of.channels + 3);
}

const read = perPixel(templateFeatures);

/**
 * What the pixels before each pixel of an image say of where its surroundings came from, by template matching (Sugimoto
 * et al., "Inter frame coding with template matching spatio-temporal prediction", 2004): the pixels above and to the left
 * are looked for in the references, and what stands there beside them is a guess at the pixel itself. With r(f) levels rounded
 * to whole ones, halves up, and all places outside of a reference those nearest inside,
 *
 *     D_d(q) = sum over channels of |r(image)(q) - r(reference)(q + d)|, 0 outside the image       d at most `reach` each way
 *     K_d(p) = sum over the template's pixels t of weight(t) D_d(p + t) + distance (|down| + |right|)
 *     w_d    = max(0, T - (K_d - K))^2, where K is the least K_d, that of d*, the first by rows, and T = floor(3 (K + small) / 10)
 *     m      = sum of w_d r(reference)(p + d) / sum of w_d        s^2 = the same of squares, less m^2, mean over channels
 *
 * The template's pixels are those before p at most `margin` away, and weight(t) = max(1, floor(6 / (|down| + |right|))). The costs
 * are `distance` 3, `small` 60 and `usual` 400 for three channels of 256 levels; in proportion for others, rounded, but at least 1, 4
 * and 4, so that the place that fits best always counts. Like a non-local mean (Buades, Coll and Morel 2005), with weights that end.
 * All sums are of whole numbers: costs of 256 levels fit in 16 bits, sums of squares in the 53 of a float64. The rest is in float64,
 * rounded once: every instruction set gives the same bits.
 *
 * `out` has of each reference, after one another, with fits = (1 - K / (K + usual))^2 and each step from here on rounded to float32,
 *
 *     gain * fits * (m - expected), gain * fits * (r(reference)(p + d*) - expected), gain * fits * s,
 *     K / (K + usual), (K_0 - K) / (K_0 + K + small)
 *
 * So what was found beside surroundings that fit nowhere, as where something was drawn wrong, counts for little. Of images that
 * are not searched it has what stands where nothing fits: 0, and 1 for K / (K + usual).
 */
export const templateMatching = kernel({
  numbers: earlierShape,
  sharedBySets: true,
  inputs: earlierInputs,
  outputs: { out: read },
  // Within an image, places are counted in 32 bits.
  limits: (of) => ({ 'values of one image': of.height * of.width * templateFeatures(of) }),
});

/** Gradient of `templateMatching` with respect to what is expected, given what it gave and dOut. */
export const templateMatchingGradient = kernel({
  numbers: earlierShape,
  sharedBySets: true,
  inputs: { read, dOut: read },
  outputs: { dExpected: pictures },
});
