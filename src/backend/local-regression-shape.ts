/** An image, what is expected of it and the pictures before it: see Kernels.localRegression. */
export interface LocalRegressionShape {
  height: number;
  width: number;
  channels: number;
  /** Pictures before the image, the newest first. */
  references: number;
  /** The highest level. */
  highest: number;
  /** What a network reads is multiplied by this; a float32. */
  gain: number;
}

/**
 * By how much less a pixel counts for each pixel down and across that it is farther away: a regression of what is near, and one of
 * more. Coefficients are held near 0 by this share of the mean square of what is regressed on, and by this many squares of 1/255 of
 * the range.
 */
export const LOCAL_REGRESSION = { decays: [0.7, 0.9], ridge: { share: 0.006, squares: 0.015 } } as const;

/** What a pixel is regressed on: see Kernels.localRegression. */
export function regressors({ channels, references }: Pick<LocalRegressionShape, 'channels' | 'references'>): number {
  return 3 * channels + 13 + (references - 1);
}

/** Features of a pixel that `localRegression` gives. */
export function localRegressionFeatures({ channels }: Pick<LocalRegressionShape, 'channels'>): number {
  return LOCAL_REGRESSION.decays.length * 2 * channels;
}

/** A shape in the order of native/local_regression.h. */
export function localRegressionNumbers(shape: LocalRegressionShape): number[] {
  const { height, width, channels, references, highest, gain } = shape;
  return [height, width, channels, references, highest, gain];
}
