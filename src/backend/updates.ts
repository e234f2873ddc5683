import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { AdamSettings, RmsPropSettings } from './kernels.js';
import { hasKernel, runKernel } from './operation.js';

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

/** One Adam update, as new tensors: see Kernels.adam. */
export function adam(settings: AdamSettings, inputs: AdamInputs): { weights: Tensor; m: Tensor; v: Tensor } {
  if (hasKernel('pxv.adam')) {
    const [weights, m, v] = runKernel<Tensor[]>('pxv.adam', { ...inputs }, { settings });
    return { weights, m, v };
  }
  const { learningRate, beta1, beta2, epsilon, step } = settings;
  return tf.tidy(() => {
    const gradient = tf.mul(inputs.gradient, inputs.scale);
    const m = tf.add(tf.mul(inputs.m, beta1), tf.mul(gradient, 1 - beta1));
    const v = tf.add(tf.mul(inputs.v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const direction = tf.div(tf.div(m, 1 - beta1 ** step), tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** step)), epsilon));
    return { weights: tf.sub(inputs.weights, tf.mul(direction, learningRate)), m, v };
  });
}

/** One RMSProp update, as new tensors: see Kernels.rmsProp. */
export function rmsProp(settings: RmsPropSettings, inputs: RmsPropInputs): { weights: Tensor; v: Tensor } {
  if (hasKernel('pxv.rmsProp')) {
    const [weights, v] = runKernel<Tensor[]>('pxv.rmsProp', { ...inputs }, { settings });
    return { weights, v };
  }
  const { learningRate, decay, epsilon } = settings;
  return tf.tidy(() => {
    const gradient = tf.mul(inputs.gradient, inputs.scale);
    const v = tf.add(tf.mul(inputs.v, decay), tf.mul(tf.square(gradient), 1 - decay));
    const direction = tf.div(gradient, tf.add(tf.sqrt(v), epsilon));
    return { weights: tf.sub(inputs.weights, tf.mul(direction, learningRate)), v };
  });
}

/** Square root of the sum of squares over all tensors. */
export function globalNorm(tensors: readonly Tensor[]): Scalar {
  if (hasKernel('pxv.globalNorm')) return runKernel('pxv.globalNorm', Object.fromEntries(tensors.entries()), {});
  return tf.tidy(() => tf.sqrt<Scalar>(tf.addN(tensors.map((tensor) => tf.sum<Scalar>(tf.square(tensor))))));
}
