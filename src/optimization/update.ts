import { tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { globalNorm } from '../backend/updates.js';
import type { Gradients } from './gradients.js';
import type { Optimiser, UpdateSettings } from './optimisers.js';

/** State of a training between steps: the weights, and the optimiser's state of each. */
export type TrainingState = {
  /** Weights in the order of `chain.parameters`. */
  weights: Tensor[];
  /** Optimiser's state: for each of its `stateNames`, one tensor for each parameter. */
  optimiser: Tensor[][];
};

/** Maximum global norm of the gradients; larger gradients are scaled down (Pascanu et al. 2013). */
const CLIP_NORM = 1;

/** State after an update, with the loss and the gradients' norm. */
export interface Update {
  state: TrainingState;
  /** Value of `Gradients.nats`. */
  nats: number;
  /** Global norm of the gradients before clipping. */
  gradientNorm: number;
  /** Index among all weights of the first whose gradient is not finite; null if all gradients are finite. */
  firstNonFinite: number | null;
}

/**
 * Applies one optimiser update to `state`, with gradients clipped to a global norm of 1. Returns `state` unchanged if
 * the nats or the norm are not finite. Disposes all tensors of `gradients`, and the tensors of `state` that are
 * replaced.
 */
export function applyUpdate(
  optimiser: Optimiser,
  settings: UpdateSettings,
  state: TrainingState,
  gradients: Gradients,
): Update {
  const norm = globalNorm(gradients.gradients);
  // Read at once, as each read waits for the device.
  const [nats, gradientNorm] = tf.tidy(() => tf.stack([gradients.nats, norm]).dataSync());
  const isFinite = Number.isFinite(nats) && Number.isFinite(gradientNorm);
  const after = isFinite ? stateAfter(optimiser, settings, state, gradients, norm) : state;
  const place = isFinite ? -1 : gradients.gradients.findIndex(hasNonFinite);
  tf.dispose([norm, gradients.nats, ...gradients.gradients]);
  return { state: after, nats, gradientNorm, firstNonFinite: gradients.trained[place] ?? null };
}

/** Returns true if a value of the tensor is NaN or infinite. */
export function hasNonFinite(tensor: Tensor): boolean {
  return tensor.dataSync<'float32'>().some((value) => !Number.isFinite(value));
}

function stateAfter(
  optimiser: Optimiser,
  settings: UpdateSettings,
  state: TrainingState,
  { gradients, trained }: Gradients,
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
