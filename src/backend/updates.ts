import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { GLOBAL_NORM, hasKernels, runKernel } from './operation.js';

export interface AdamSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** 1 for the first update; needed for the bias correction. */
  step: number;
}

export interface RmsPropSettings {
  learningRate: number;
  decay: number;
  epsilon: number;
}

/** One array of weights with its gradient and second moment; `scale` [1] multiplies the gradient. */
export interface RmsPropInputs {
  weights: Tensor;
  gradient: Tensor;
  scale: Tensor;
  v: Tensor;
}

/** As for RMSProp, with the first moment. */
export interface AdamInputs extends RmsPropInputs {
  m: Tensor;
}

/** One Adam update, as new tensors: see kernels/optimisers.ts. */
export function adam(settings: AdamSettings, inputs: AdamInputs): { weights: Tensor; m: Tensor; v: Tensor } {
  const { learningRate, beta1, beta2, epsilon, step } = settings;
  const [correction1, correction2] = [1 - beta1 ** step, 1 - beta2 ** step];
  if (hasKernels()) {
    const numbers = { count: inputs.weights.size, rate: learningRate, beta1, beta2, epsilon, correction1, correction2 };
    const { newWeights, newM, newV } = runKernel('adam', numbers, { ...inputs });
    return { weights: newWeights, m: newM, v: newV };
  }
  return tf.tidy(() => {
    const gradient = tf.mul(inputs.gradient, inputs.scale);
    const m = tf.add(tf.mul(inputs.m, beta1), tf.mul(gradient, 1 - beta1));
    const v = tf.add(tf.mul(inputs.v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const direction = tf.div(tf.div(m, correction1), tf.add(tf.sqrt(tf.div(v, correction2)), epsilon));
    return { weights: tf.sub(inputs.weights, tf.mul(direction, learningRate)), m, v };
  });
}

/** One RMSProp update, as new tensors: see kernels/optimisers.ts. */
export function rmsProp(settings: RmsPropSettings, inputs: RmsPropInputs): { weights: Tensor; v: Tensor } {
  const { learningRate, decay, epsilon } = settings;
  if (hasKernels()) {
    const numbers = { count: inputs.weights.size, rate: learningRate, decay, epsilon };
    const { newWeights, newV } = runKernel('rmsProp', numbers, { ...inputs });
    return { weights: newWeights, v: newV };
  }
  return tf.tidy(() => {
    const gradient = tf.mul(inputs.gradient, inputs.scale);
    const v = tf.add(tf.mul(inputs.v, decay), tf.mul(tf.square(gradient), 1 - decay));
    const direction = tf.div(gradient, tf.add(tf.sqrt(v), epsilon));
    return { weights: tf.sub(inputs.weights, tf.mul(direction, learningRate)), v };
  });
}

/** Square root of the sum of squares over all tensors. */
export function globalNorm(tensors: readonly Tensor[]): Scalar {
  if (hasKernels()) return tf.engine().runKernel(GLOBAL_NORM, Object.fromEntries(tensors.entries()), {});
  return tf.tidy(() => tf.sqrt<Scalar>(tf.addN(tensors.map((tensor) => tf.sum<Scalar>(tf.square(tensor))))));
}
