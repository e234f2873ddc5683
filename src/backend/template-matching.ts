import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { templateFeatures, type TemplateMatchingShape } from './template-shape.js';
import { expectShape, hasKernel, runKernel } from './operation.js';
import { templateMatching as onHost } from './typescript/template-matching.js';

/** How far templates are looked for, and how large they are. */
export const TEMPLATES = { reach: 6, margin: 3 } as const satisfies Partial<TemplateMatchingShape>;

/**
 * What the pixels before each pixel say of where its surroundings came from: see Kernels.templateMatching. It is a choice
 * among places, and so has no gradient: that of the image and of the references is zero.
 *
 * @param image [batch, height, width, channels], in levels
 * @param references [batch, height, width, references * channels], in levels
 * @returns [batch, height, width, references * `templateFeatures`]
 */
export function templateMatching(shape: TemplateMatchingShape, image: Tensor4D, references: Tensor4D): Tensor4D {
  const { height, width, channels } = shape;
  const batch = image.shape[0];
  expectShape('templateMatching', 'image', image, [batch, height, width, channels]);
  expectShape('templateMatching', 'references', references, [batch, height, width, shape.references * channels]);
  const operation = tf.customGrad<Tensor4D>(() => ({
    value: forward(shape, image, references),
    gradFunc: () => [image, references].map(({ shape }) => tf.zeros(shape)),
  }));
  return operation(image, references);
}

/** On backends without a kernel the one in TypeScript runs: nothing is lost but time, since no gradient goes through. */
function forward(shape: TemplateMatchingShape, image: Tensor4D, references: Tensor4D): Tensor4D {
  if (hasKernel('pxv.templateMatching')) return runKernel('pxv.templateMatching', { image, references }, { shape });
  const [batch, height, width] = image.shape;
  const features = shape.references * templateFeatures(shape);
  const out = new Float32Array(batch * height * width * features);
  onHost(shape, batch, image.dataSync<'float32'>(), references.dataSync<'float32'>(), out);
  return tf.tensor4d(out, [batch, height, width, features]);
}
