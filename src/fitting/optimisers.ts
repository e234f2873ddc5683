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
    update({ learningRate, step }, weight, gradient, scale, [m, v]) {
      const settings = { learningRate, step, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
      const after = adam(settings, { weights: weight, gradient, scale, m, v });
      return { weight: after.weights, state: [after.m, after.v] };
    },
  },
  /** The paper's optimiser (1601.06759, section 5.2). */
  rmsprop: {
    stateNames: ['v'],
    update({ learningRate }, weight, gradient, scale, [v]) {
      const settings = { learningRate, decay: 0.99, epsilon: 1e-8 };
      const after = rmsProp(settings, { weights: weight, gradient, scale, v });
      return { weight: after.weights, state: [after.v] };
    },
  },
} as const satisfies Record<string, Optimiser>;

export type OptimiserName = keyof typeof optimisers;
