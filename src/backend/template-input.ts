import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { templateFeatures, type TemplateMatchingShape } from './kernels/index.js';
import { expectShape, hasKernels, runKernel } from './operation.js';

type Shape = Pick<TemplateMatchingShape, 'height' | 'width' | 'channels' | 'references'> & { gain: number };

/**
 * What a network reads of what template matching found: see kernels/template-input.ts. Differentiable in the anchor.
 *
 * @param found [batch, height, width, references * `templateFeatures`], what `templateMatching` gave
 * @param anchor [batch, height, width, channels], in levels
 * @param sought [batch, 1, 1, 1], 0 for images of which nothing is looked for; null: all are
 * @returns as `found`
 */
export function templateInput(shape: Shape, found: Tensor4D, anchor: Tensor4D, sought: Tensor4D | null): Tensor4D {
  const { height, width, channels, references, gain } = shape;
  const batch = found.shape[0];
  expectShape('templateInput', 'found', found, [batch, height, width, references * templateFeatures(shape)]);
  expectShape('templateInput', 'anchor', anchor, [batch, height, width, channels]);
  const numbers = { batch, height, width, channels, references, gain };
  if (!hasKernels()) return composed(shape, found, anchor, sought);
  const operation = tf.customGrad<Tensor4D>((...args) => {
    const [anchor, save] = args as unknown as [Tensor4D, (tensors: Tensor[]) => void];
    const value = runKernel('templateInput', numbers, { found, anchor, sought }).out as Tensor4D;
    save([value]);
    const gradFunc = (dOut: Tensor, saved: unknown) => {
      const [read] = saved as Tensor4D[];
      return runKernel('templateInputGradient', numbers, { read, dOut }).dAnchor;
    };
    return { value, gradFunc };
  });
  return operation(anchor);
}

/** Its gradient is the tape's. */
function composed(shape: Shape, found: Tensor4D, anchor: Tensor4D, sought: Tensor4D | null): Tensor4D {
  const { channels, references, gain } = shape;
  return tf.tidy(() => {
    const rows = tf.reshape<Rank.R3>(found, [-1, references, templateFeatures(shape)]);
    const [pictures, spread, costs] = tf.split(rows, [2 * channels, 1, 2], 2);
    const fits = tf.square(tf.sub(1, tf.slice(costs, [0, 0, 0], [-1, -1, 1])));
    const levels = tf.reshape(anchor, [-1, 1, channels]);
    const differences = tf.concat([tf.sub(pictures, tf.concat([levels, levels], 2)), spread], 2);
    const read = tf.reshape<Rank.R4>(tf.concat([tf.mul(tf.mul(differences, gain), fits), costs], 2), found.shape);
    if (sought === null) return read;
    const nothing = tf.tensor1d([...new Array<number>(2 * channels + 1).fill(0), 1, 0]);
    return tf.where<Tensor>(tf.cast(sought, 'bool'), read, tf.tile(nothing, [references])) as Tensor4D;
  });
}
