import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { subPixelNats, type Network } from '../model/network.js';
import type { Examples } from '../model/examples.js';
import { clippingScale, globalNorm, type Optimiser, type UpdateSettings } from './optimisers.js';

/** All that changes from step to step: weights, and the optimiser's state for each. */
export type TrainingState = {
  /** In the order of `network.parameters`. */
  weights: Tensor[];
  /** For each name of the optimiser's state, one tensor a parameter. */
  optimiser: Tensor[][];
};

/** Gradients of the mean nats a sub-pixel; their norm tells whether they are finite. */
export type Gradients = {
  nats: Scalar;
  gradients: Tensor[];
  norm: Scalar;
};

/** Mean -log P of the examples' sub-pixels and its gradients; the caller disposes of them. */
export function gradientsOf(network: Network, weights: readonly Tensor[], examples: Examples): Gradients {
  return tf.tidy(() => {
    const meanNats = (...parameters: Tensor[]): Scalar => tf.mean(subPixelNats(network, parameters, examples));
    const { value, grads } = tf.valueAndGrads(meanNats)([...weights]);
    return { nats: value, gradients: grads, norm: globalNorm(grads) };
  });
}

/** The state after one update with the gradients clipped to `clipNorm`; the state before is disposed of. */
export function updated(
  optimiser: Optimiser,
  settings: UpdateSettings,
  clipNorm: number,
  state: TrainingState,
  { gradients, norm }: Gradients,
): TrainingState {
  return tf.tidy(() => {
    const scale = clippingScale(norm, clipNorm);
    const next: TrainingState = { weights: [], optimiser: state.optimiser.map(() => []) };
    state.weights.forEach((weight, index) => {
      const before = state.optimiser.map((tensors) => tensors[index]);
      const after = optimiser.update(settings, weight, gradients[index], scale, before);
      next.weights.push(tf.keep(after.weight));
      after.state.forEach((tensor, name) => next.optimiser[name].push(tf.keep(tensor)));
      tf.dispose([weight, ...before]);
    });
    return next;
  });
}
