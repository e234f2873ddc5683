import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { globalNorm } from '../backend/updates.js';
import { chainNats, dimensions, parametersOfScale, type Chain } from '../model/chain.js';
import type { Examples } from '../model/examples.js';
import { clippingScale, type Optimiser, type UpdateSettings } from './optimisers.js';

/** All that changes from step to step: weights, and the optimiser's state for each. */
export type TrainingState = {
  /** In the order of `chain.parameters`. */
  weights: Tensor[];
  /** For each name of the optimiser's state, one tensor a parameter. */
  optimiser: Tensor[][];
};

/** Gradients of the mean nats a sub-pixel; their norm tells whether they are finite. */
export type Gradients = {
  nats: Scalar;
  /** Of the weights that are trained. */
  gradients: Tensor[];
  /** Their indices among all weights. */
  trained: number[];
  norm: Scalar;
};

/**
 * Mean -log P of the examples' sub-pixels and its gradients; the caller disposes of them.
 *
 * @param among indices of the scales that are trained, and summed over; undefined: all. No scale's likelihood depends on
 *   another's weights, so that scales trained together learn what they learn apart, but for the clipping of the gradient
 */
export function gradientsOf(
  chain: Chain,
  weights: readonly Tensor[],
  examples: Examples,
  among: readonly number[] = chain.scales.map((_, scale) => scale),
): Gradients {
  return tf.tidy(() => {
    const places = weights.map((_, index) => index);
    const trained = among.flatMap((scale) => parametersOfScale(chain, scale, places));
    const subPixels = examples.image.shape[0] * dimensions(chain);
    const meanNats = (...parameters: Tensor[]): Scalar => {
      const all = [...weights];
      trained.forEach((index, place) => (all[index] = parameters[place]));
      return tf.div(tf.sum(chainNats(chain, all, examples, among)), subPixels);
    };
    const { value, grads } = tf.valueAndGrads(meanNats)(trained.map((index) => weights[index]));
    return { nats: value, gradients: grads, trained, norm: globalNorm(grads) };
  });
}

/** The state after one update with the gradients clipped to `clipNorm`; the state before is disposed of. */
export function updated(
  optimiser: Optimiser,
  settings: UpdateSettings,
  clipNorm: number,
  state: TrainingState,
  { gradients, trained, norm }: Gradients,
): TrainingState {
  return tf.tidy(() => {
    const scale = clippingScale(norm, clipNorm);
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
