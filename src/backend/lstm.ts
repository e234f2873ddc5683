import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { composedLstm, composedLstmGradient } from './composed-lstm.js';
import type { LstmStates } from './lstm-states.js';
import { expectShape, hasKernels, runKernel } from './operation.js';
import { hiddenFeatures, walkTaps, type WalkShape } from './walk-shape.js';

/**
 * An LSTM layer over images, given its gates before the state-to-state product: see WalkShape. Like its gradient it is
 * a piece for an operation that brings its own gradient: it is not differentiable by the tape.
 *
 * @param gates [batch, height, width, 4h]
 * @param weights [1, taps, h, 4h]
 * @param initial [2, h], the h and the c of pixels outside the image; zeros where null
 */
export function lstm(gates: Tensor4D, weights: Tensor4D, initial: Tensor2D | null, shape: WalkShape): LstmStates {
  const batch = gates.shape[0];
  expectShape('lstm', 'gates', gates, mapShape(shape, batch, 4));
  expectParameters('lstm', weights, initial, shape);
  if (!hasKernels()) return composedLstm(gates, weights, initial, shape);
  return runKernel('lstm', { shape, batch }, { gates, weights, initial }) as unknown as LstmStates;
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
  const batch = dOut.shape[0];
  expectShape('lstmGradient', 'dOut', dOut, mapShape(shape, batch, 1));
  expectParameters('lstmGradient', weights, initial, shape);
  expectShape('lstmGradient', 'activations', states.activations, mapShape(shape, batch, 4));
  expectShape('lstmGradient', 'cells', states.cells, mapShape(shape, batch, 1));
  expectShape('lstmGradient', 'out', states.out, mapShape(shape, batch, 1));
  const { dGates, dWeights, dInitial } = hasKernels()
    ? runKernel('lstmGradient', { shape, batch }, { dOut, weights, initial, ...states })
    : composedLstmGradient(dOut, weights, initial, states, shape);
  return { gates: dGates as Tensor4D, weights: dWeights as Tensor4D, initial: dInitial as Tensor2D | null };
}

function mapShape(shape: WalkShape, batch: number, maps: 1 | 4): [number, number, number, number] {
  return [batch, shape.height, shape.width, maps * hiddenFeatures(shape)];
}

function expectParameters(operation: string, weights: Tensor4D, initial: Tensor2D | null, shape: WalkShape): void {
  const hidden = hiddenFeatures(shape);
  expectShape(operation, 'weights', weights, [1, walkTaps[shape.walk].length, hidden, 4 * hidden]);
  if (initial) expectShape(operation, 'initial', initial, [2, hidden]);
}
