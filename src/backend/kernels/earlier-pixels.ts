import { count, extent, integer, numbers, perPixel, pictures, single, type ValuesOf } from './description.js';

/**
 * Methods that make something of the pixels before each pixel of an image, for a network to read: the names of their kernels, in the
 * order in which their features lie, and of `earlierMethods` in native/kernels/earlier_pixels.h.
 */
export const earlierMethods = ['templateMatching', 'localRegression'] as const;

export type EarlierMethod = (typeof earlierMethods)[number];

/** Kernels of their gradients with respect to what is expected; a method without one takes that as given. */
export const earlierGradients: Partial<Record<EarlierMethod, 'templateMatchingGradient'>> = {
  templateMatching: 'templateMatchingGradient',
};

export const earlierShape = numbers('EarlierPixelsShape', {
  ...{ batch: count, height: extent, width: extent, channels: integer(1, 3) },
  /** Pictures before the image, the newest first. */
  references: extent,
  /** The highest level. */
  highest: integer(1, 255),
  /** What a network reads of levels is multiplied by this. */
  gain: single,
});

type EarlierCall = ValuesOf<typeof earlierShape>;

/** An image, what is expected of it and the pictures before it. */
export type EarlierPixelsShape = Omit<EarlierCall, 'batch'>;

/** What the kernel of each method is given, in levels; of images that are not `searched` (0) it says what it writes. */
export const earlierInputs = {
  ...{ image: pictures, expected: pictures, references: perPixel((of: EarlierCall) => of.references * of.channels) },
  searched: { shape: ({ batch }: { batch: number }) => [batch, 1, 1, 1], optional: true },
} as const;
