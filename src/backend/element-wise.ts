import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { visibleWeights } from './convolution.js';
import { differentiable, assertShape, hasKernels, runKernel } from './operation.js';

/**
 * The sum of two maps, the second moved down by some rows (up where negative), zeros coming in. It is a piece for an
 * operation that brings its own gradient: it is not differentiable by the tape.
 * @param a [batch, height, width, features]; zero where null
 * @param b as a
 */
export function addMoved(a: Tensor4D | null, b: Tensor4D, rows: number): Tensor4D {
  if (a !== null) assertShape('addMoved', 'a', a, b.shape);
  const [batch, height, width, features] = b.shape;
  if (hasKernels()) {
    const numbers = { batch, length: height * width * features, offset: rows * width * features };
    return runKernel('addMoved', numbers, { a, b }).out as Tensor4D;
  }
  return tf.tidy(() => {
    const moved = visibleWeights({ top: -rows, left: 0, height, width }, b);
    return a === null ? moved : tf.add(a, moved);
  });
}

/**
 * max(x, 0). Differentiable: the gradient goes where the output is above zero. tfjs has the same, by way of a map of zeros
 * and ones; on a backend with a kernel of its own it is one pass.
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
