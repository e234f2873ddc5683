import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { adam, rmsProp } from '../backend/updates.js';

/** Settings of one update. */
export interface UpdateSettings {
  /** Learning rate of the update. */
  learningRate: number;
  /** Number of the update within its stage, from 1: the optimiser state is zero at the start of each stage. */
  step: number;
}

/**
 * Optimiser: a pure function of weight, gradient and state. The state holds a tensor of the weight's shape for each of
 * `stateNames`.
 */
export interface Optimiser {
  /** Names of the state tensors, such as moments, in the order of `state`. */
  stateNames: readonly string[];
  /**
   * Returns the updated weight and state. The caller disposes the result, and the old weight and state.
   * @param gradient gradient of the loss with respect to the weight, before `scale`
   * @param scale scalar factor of every gradient, for gradient clipping
   * @param state tensors in the order of `stateNames`
   */
  update(
    settings: UpdateSettings,
    weight: Tensor,
    gradient: Tensor,
    scale: Scalar,
    state: readonly Tensor[],
  ): { weight: Tensor; state: Tensor[] };
}

/** Registry of optimisers by name, `adam` and `rmsprop`, with fixed constants; a new one is a line here. */
export const optimisers = {
  /** Adam with its default constants (Kingma and Ba 2014). */
  adam: {
    stateNames: ['m', 'v'],
    update({ learningRate: rate, step }, weight, gradient, scale, [m, v]) {
      const beta1 = 0.9;
      const beta2 = 0.999;
      const corrections = { correction1: 1 - beta1 ** step, correction2: 1 - beta2 ** step };
      const numbers = { count: weight.size, rate, beta1, beta2, epsilon: 1e-8, ...corrections };
      const { newWeights, newM, newV } = adam(numbers, { weights: weight, gradient, scale, m, v });
      return { weight: newWeights, state: [newM, newV] };
    },
  },
  /** RMSProp, the paper's optimiser (1601.06759, section 5.2). */
  rmsprop: {
    stateNames: ['v'],
    update({ learningRate: rate }, weight, gradient, scale, [v]) {
      const numbers = { count: weight.size, rate, decay: 0.99, epsilon: 1e-8 };
      const { newWeights, newV } = rmsProp(numbers, { weights: weight, gradient, scale, v });
      return { weight: newWeights, state: [newV] };
    },
  },
} as const satisfies Record<string, Optimiser>;

/** Name of an optimiser. */
export type OptimiserName = keyof typeof optimisers;
