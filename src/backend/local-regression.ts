import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { LocalRegressionShape } from './kernels/index.js';
import { runWithoutGradient } from './operation.js';

/**
 * What the pixels before each pixel say of how it differs from what is expected: see kernels/local-regression.ts. No gradient goes
 * through it: what is regressed is taken as given.
 *
 * @param image [batch, height, width, channels], in levels
 * @param expected the same
 * @param references [batch, height, width, references * channels], in levels, the newest first
 * @returns [batch, height, width, `localRegressionFeatures`]
 */
export function localRegression(
  shape: LocalRegressionShape,
  image: Tensor4D,
  expected: Tensor4D,
  references: Tensor4D,
): Tensor4D {
  return runWithoutGradient('localRegression', { ...shape, batch: image.shape[0] }, { image, expected, references });
}
