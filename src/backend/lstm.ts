import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { composedLstm, composedLstmGradient } from './composed-lstm.js';
import type { LstmStates } from './lstm-states.js';
import { runOrCompose } from './operation.js';
import type { WalkShape } from './walk-shape.js';

/**
 * An LSTM layer over images, given its gates before the state-to-state product: see WalkShape. Like its gradient it is
 * a piece for an operation that brings its own gradient: it is not differentiable by the tape.
 *
 * @param gates [batch, height, width, 4h]
 * @param weights [1, taps, h, 4h]
 * @param initial [2, h], the h and the c of pixels outside the image; zeros where null
 */
export function lstm(gates: Tensor4D, weights: Tensor4D, initial: Tensor2D | null, shape: WalkShape): LstmStates {
  const numbers = { shape, batch: gates.shape[0] };
  const composed = () => ({ ...composedLstm(gates, weights, initial, shape) });
  return runOrCompose('lstm', numbers, { gates, weights, initial }, composed) as unknown as LstmStates;
}

/** Gradients of `lstm`; that of `initial` is null where there is none. */
export interface LstmGradients {
  gates: Tensor4D;
  weights: Tensor4D;
  initial: Tensor2D | null;
}

/**
 * Gradients of `lstm` with respect to its gates, its weights and the initial states.
 *
 * @param dOut [batch, height, width, h]
 * @param states what the forward call with the same weights and initial states gave
 */
export function lstmGradient(
  dOut: Tensor4D,
  weights: Tensor4D,
  initial: Tensor2D | null,
  states: LstmStates,
  shape: WalkShape,
): LstmGradients {
  const numbers = { shape, batch: dOut.shape[0] };
  const inputs = { dOut, weights, initial, ...states };
  const composed = () => composedLstmGradient(dOut, weights, initial, states, shape);
  const { dGates, dWeights, dInitial } = runOrCompose('lstmGradient', numbers, inputs, composed);
  return { gates: dGates as Tensor4D, weights: dWeights as Tensor4D, initial: dInitial as Tensor2D | null };
}
