import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { differentiable, hasKernels, runKernel } from './operation.js';

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
