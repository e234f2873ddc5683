import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { cropWithZeros } from './convolution.js';
import { differentiable, assertShape, hasKernels, runKernel } from './operation.js';

/**
 * Adds two feature maps, the second shifted down by `rows` (up if negative) and padded with zeros. The tape does not
 * differentiate this function, as callers bring gradients of their own. The caller disposes the result.
 * @param a [batch, height, width, features]; null: zero
 * @param b shaped as `a`
 * @throws PxvError `USAGE` if the shapes of `a` and `b` differ
 */
export function addMoved(a: Tensor4D | null, b: Tensor4D, rows: number): Tensor4D {
  if (a !== null) assertShape('addMoved', 'a', a, b.shape);
  const [batch, height, width, features] = b.shape;
  if (hasKernels()) {
    const numbers = { batch, length: height * width * features, offset: rows * width * features };
    return runKernel('addMoved', numbers, { a, b }).out as Tensor4D;
  }
  return tf.tidy(() => {
    const moved = cropWithZeros({ top: -rows, left: 0, height, width }, b);
    return a === null ? moved : tf.add(a, moved);
  });
}

/**
 * ReLU: returns max(x, 0). Differentiable: the gradient passes where the output is above zero. Unlike tf.relu, whose
 * gradient goes through a map of zeros and ones, the native kernel takes one pass.
 */
export function relu<T extends Tensor>(x: T): T {
  if (!hasKernels()) return tf.relu(x);
  return differentiable(
    [x],
    () => tf.relu(x),
    'value',
    (dy, [output]) => runKernel('reluGradient', { count: output.size }, { x: output, dy }).dx,
  );
}
