import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { localRegressionFeatures, type LocalRegressionShape } from './local-regression-shape.js';
import { expectShape, hasKernel, runKernel } from './operation.js';
import { localRegression as onHost } from './typescript/local-regression.js';

/**
 * What the pixels before each pixel say of how it differs from what is expected: see Kernels.localRegression. No gradient goes
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
  const { height, width, channels } = shape;
  const batch = image.shape[0];
  for (const [name, tensor] of Object.entries({ image, expected }))
    expectShape('localRegression', name, tensor, [batch, height, width, channels]);
  expectShape('localRegression', 'references', references, [batch, height, width, shape.references * channels]);
  const operation = tf.customGrad<Tensor4D>(() => ({
    value: forward(shape, image, expected, references),
    gradFunc: () => [image, expected, references].map(({ shape }) => tf.zeros(shape)),
  }));
  return operation(image, expected, references);
}

/** On backends without a kernel the one in TypeScript runs: nothing is lost but time, since no gradient goes through. */
function forward(shape: LocalRegressionShape, image: Tensor4D, expected: Tensor4D, references: Tensor4D): Tensor4D {
  if (hasKernel('pxv.localRegression'))
    return runKernel('pxv.localRegression', { image, expected, references }, { shape });
  const [batch, height, width] = image.shape;
  const features = localRegressionFeatures(shape);
  const out = new Float32Array(batch * height * width * features);
  const [own, anchor, before] = [image, expected, references].map((tensor) => tensor.dataSync<'float32'>());
  onHost(shape, batch, own, anchor, before, out);
  return tf.tensor4d(out, [batch, height, width, features]);
}
