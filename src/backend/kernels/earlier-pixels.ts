import { count, extent, integer, scalarArguments, perPixel, pictures, single, type ValuesOf } from './description.js';

/**
 * Names of the earlier-pixels methods. Each is a kernel that predicts each pixel from the pixels before it in raster
 * order and from reference frames. Networks read the predictions as features, in this order, which is also that of
 * `earlierMethods` in native/kernels/earlier_methods.h.
 */
export const earlierMethods = ['templateMatching', 'localRegression'] as const;

/** Name of an earlier-pixels method. */
export type EarlierMethod = (typeof earlierMethods)[number];

/** Kernels of the methods' gradients with respect to the expected frame. A method without a kernel has no gradient. */
export const earlierGradients: Partial<Record<EarlierMethod, 'templateMatchingGradient'>> = {
  templateMatching: 'templateMatchingGradient',
};

/**
 * Scalar arguments of the earlier-pixels kernels: batch and image size, number of reference frames, highest level, and
 * `gain`, the factor from differences in levels to features (see `subPixelScale`).
 */
export const earlierShape = scalarArguments('EarlierPixelsShape', {
  batch: count,
  height: extent,
  width: extent,
  channels: integer(1, 3),
  /** Number of reference frames, known frames before the image, the newest first. */
  references: extent,
  /** Maximum level. */
  highest: integer(1, 255),
  /** Factor from differences in levels to features: see `subPixelScale`. */
  gain: single,
});

type EarlierCall = ValuesOf<typeof earlierShape>;

/**
 * Parameters of the earlier-pixels methods: size of the image, channels, number of reference frames, highest level, and
 * `gain`, the factor from differences in levels to features (see `subPixelScale`).
 */
export type EarlierPixelsShape = Omit<EarlierCall, 'batch'>;

/**
 * Inputs of each method's kernel: `image`, `expected`, the expected frame, and `references`, the reference frames side
 * by side, newest first, in levels. `searched` is a mask, [batch, 1, 1, 1]: an image with 0 gets the features of no
 * match; null: all images are searched.
 */
export const earlierInputs = {
  image: pictures,
  expected: pictures,
  references: perPixel((of: EarlierCall) => of.references * of.channels),
  searched: { shape: ({ batch }: { batch: number }) => [batch, 1, 1, 1], optional: true },
} as const;
