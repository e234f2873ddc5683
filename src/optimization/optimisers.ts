import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { adam, rmsProp } from '../backend/updates.js';

/** What an update needs to know of where training is. */
export interface UpdateSettings {
  learningRate: number;
  /** 1 for the first update. */
  step: number;
}

/** A function of weights, gradients and state; state is a tensor, shaped like the weight, for each of `stateNames`. */
export interface Optimiser {
  stateNames: readonly string[];
  /** @param scale multiplies every gradient (gradient clipping), a scalar tensor */
  update(
    settings: UpdateSettings,
    weight: Tensor,
    gradient: Tensor,
    scale: Scalar,
    state: readonly Tensor[],
  ): { weight: Tensor; state: Tensor[] };
}

/** The optimisers by name; a new one is a line here. */
export const optimisers = {
  /** Kingma and Ba 2014, with its usual constants. */
  adam: {
    stateNames: ['m', 'v'],
    update({ learningRate: rate, step }, weight, gradient, scale, [m, v]) {
      const [beta1, beta2] = [0.9, 0.999];
      const corrections = { correction1: 1 - beta1 ** step, correction2: 1 - beta2 ** step };
      const numbers = { count: weight.size, rate, beta1, beta2, epsilon: 1e-8, ...corrections };
      const { newWeights, newM, newV } = adam(numbers, { weights: weight, gradient, scale, m, v });
      return { weight: newWeights, state: [newM, newV] };
    },
  },
  /** The paper's optimiser (1601.06759, section 5.2). */
  rmsprop: {
    stateNames: ['v'],
    update({ learningRate: rate }, weight, gradient, scale, [v]) {
      const numbers = { count: weight.size, rate, decay: 0.99, epsilon: 1e-8 };
      const { newWeights, newV } = rmsProp(numbers, { weights: weight, gradient, scale, v });
      return { weight: newWeights, state: [newV] };
    },
  },
} as const satisfies Record<string, Optimiser>;

export type OptimiserName = keyof typeof optimisers;
