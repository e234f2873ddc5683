import { tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { KernelNumbers } from './kernels/index.js';
import { GLOBAL_NORM, hasKernels, runKernel } from './operation.js';

/** Weights with their gradient and moment estimates; the gradient is multiplied by `scale` [1]. */
type Inputs<Moments extends string> = Record<'weights' | 'gradient' | 'scale' | Moments, Tensor>;

/**
 * Returns the new weights and both moments after one Adam update: see kernels/optimisers.ts. The caller disposes the
 * result.
 * @param numbers `correction1` and `correction2` are 1 - beta1^t and 1 - beta2^t in update t, counted from 1
 * @param inputs `scale` [1]: factor of the gradient
 */
export function adam(numbers: KernelNumbers<'adam'>, inputs: Inputs<'m' | 'v'>) {
  if (hasKernels()) return runKernel('adam', numbers, inputs);
  const { rate, beta1, beta2, epsilon, correction1, correction2 } = numbers;
  return tf.tidy(() => {
    const gradient = tf.mul(inputs.gradient, inputs.scale);
    const newM = tf.add(tf.mul(inputs.m, beta1), tf.mul(gradient, 1 - beta1));
    const newV = tf.add(tf.mul(inputs.v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const direction = tf.div(tf.div(newM, correction1), tf.add(tf.sqrt(tf.div(newV, correction2)), epsilon));
    return { newWeights: tf.sub(inputs.weights, tf.mul(direction, rate)), newM, newV };
  });
}

/**
 * Returns the new weights and mean squared gradient after one RMSProp update: see kernels/optimisers.ts. The caller
 * disposes the result.
 * @param inputs `scale` [1]: factor of the gradient
 */
export function rmsProp(numbers: KernelNumbers<'rmsProp'>, inputs: Inputs<'v'>) {
  if (hasKernels()) return runKernel('rmsProp', numbers, inputs);
  const { rate, decay, epsilon } = numbers;
  return tf.tidy(() => {
    const gradient = tf.mul(inputs.gradient, inputs.scale);
    const newV = tf.add(tf.mul(inputs.v, decay), tf.mul(tf.square(gradient), 1 - decay));
    const direction = tf.div(gradient, tf.add(tf.sqrt(newV), epsilon));
    return { newWeights: tf.sub(inputs.weights, tf.mul(direction, rate)), newV };
  });
}

/** Returns the global norm: the square root of the sum of squares over all tensors. The caller disposes the result. */
export function globalNorm(tensors: readonly Tensor[]): Scalar {
  if (hasKernels()) return tf.engine().runKernel(GLOBAL_NORM, Object.fromEntries(tensors.entries()), {});
  // Not tf.addN: an operation of WebGPU may have as few as 8 inputs and outputs, and stack joins its inputs in parts.
  return tf.tidy(() => tf.sqrt(tf.sum<Scalar>(tf.stack(tensors.map((tensor) => tf.sum<Scalar>(tf.square(tensor)))))));
}
