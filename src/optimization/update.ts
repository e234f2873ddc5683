import { tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { Gradients } from './gradients.js';
import type { Optimiser, UpdateSettings } from './optimisers.js';

/** All that changes from step to step: weights, and the optimiser's state for each. */
export type TrainingState = {
  /** In the order of `chain.parameters`. */
  weights: Tensor[];
  /** For each name of the optimiser's state, one tensor a parameter. */
  optimiser: Tensor[][];
};

/** Gradients are scaled down to at most this norm (Pascanu et al. 2013). */
const CLIP_NORM = 1;

/** The state after one update with clipped gradients, of this global norm; the state before is disposed of. */
export function updated(
  optimiser: Optimiser,
  settings: UpdateSettings,
  state: TrainingState,
  { gradients, trained }: Pick<Gradients, 'gradients' | 'trained'>,
  norm: Scalar,
): TrainingState {
  return tf.tidy(() => {
    const scale = tf.minimum<Scalar>(tf.div(CLIP_NORM, tf.add(norm, 1e-12)), 1);
    const next: TrainingState = {
      weights: [...state.weights],
      optimiser: state.optimiser.map((tensors) => [...tensors]),
    };
    trained.forEach((index, place) => {
      const weight = state.weights[index];
      const before = state.optimiser.map((tensors) => tensors[index]);
      const after = optimiser.update(settings, weight, gradients[place], scale, before);
      next.weights[index] = tf.keep(after.weight);
      after.state.forEach((tensor, name) => (next.optimiser[name][index] = tf.keep(tensor)));
      tf.dispose([weight, ...before]);
    });
    return next;
  });
}
