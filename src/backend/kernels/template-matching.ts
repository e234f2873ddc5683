import { count, extent, integer, kernel, numbers, pictures, references, type ValuesOf } from './description.js';

const shape = numbers('TemplateMatchingShape', {
  ...{ batch: count, height: extent, width: extent, channels: integer(1, 3) },
  /** Pictures that are searched. */
  references: extent,
  /** Pixels that a template may have moved, down or across: sums of squares then fit in the 53 bits of a float64. */
  reach: integer(0, 9),
  /** Pixels that a template reaches to the left, up and to the right: costs of 256 levels then fit in 16 bits. */
  margin: integer(1, 3),
  /** What a place costs for each pixel down and across. */
  costOfDistance: integer(0, 255),
  /** A cost that is small: 4 or more, so that the place that fits best always counts. */
  smallCost: { type: 'int32', least: 4 },
  /** A cost that is usual. */
  usualCost: extent,
});

/** An image and the pictures that parts of it are looked for in. */
export type TemplateMatchingShape = Omit<ValuesOf<typeof shape>, 'batch'>;

/** Costs chosen for three channels of 256 levels; in proportion for others. */
export function templateCosts(
  channels: number,
  levels: number,
): Pick<TemplateMatchingShape, 'costOfDistance' | 'smallCost' | 'usualCost'> {
  const share = (channels * (levels - 1)) / (3 * 255);
  const scaled = (cost: number, least: number) => Math.max(least, Math.round(cost * share));
  return { costOfDistance: scaled(3, 1), smallCost: scaled(60, 4), usualCost: scaled(400, 4) };
}

/** The pixels of a template, all before the one in hand in raster order. */
export function templateTaps(margin: number): { dy: number; dx: number }[] {
  const taps = [];
  for (let dy = -margin; dy <= 0; dy++)
    for (let dx = -margin; dx <= (dy < 0 ? margin : -1); dx++) taps.push({ dy, dx });
  return taps;
}

/** What templates find of each reference, side by side. */
export const found = {
  shape: (of: Record<'batch' | 'height' | 'width' | 'channels' | 'references', number>) => [
    ...[of.batch, of.height, of.width, of.references * templateFeatures(of)],
  ],
};

/** Features of a pixel that `templateMatching` gives for each reference. */
export function templateFeatures({ channels }: Pick<TemplateMatchingShape, 'channels'>): number {
  return 2 * channels + 3;
}

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
 * The template's pixels are those before p at most `margin` away, and weight(t) = max(1, floor(6 / (|down| + |right|))). Like a
 * non-local mean (Buades, Coll and Morel 2005), with weights that end. All sums are of whole numbers, and the rest is in float64,
 * rounded once: every instruction set gives the same bits.
 *
 * Levels are 0 to 255. `out` has of each reference m, r(reference)(p + d*), s, K / (K + usual) and (K_0 - K) / (K_0 + K + small).
 */
export const templateMatching = kernel({
  numbers: shape,
  inputs: { image: pictures, references },
  outputs: { out: found },
  // Within an image, places are counted in 32 bits.
  limits: ({ height, width, channels, references }) => ({
    'values of one image': height * width * references * templateFeatures({ channels }),
  }),
});
