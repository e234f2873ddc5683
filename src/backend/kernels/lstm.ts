import { inputShape, outputShape, weightShape } from '../convolution-shape.js';
import { hiddenFeatures, stateToState } from '../scan-shape.js';
import { count, kernel, numbers, type ValuesOf } from './description.js';
import { scanGeometry } from './geometry.js';

const walk = numbers('WalkNumbers', { batch: count }, scanGeometry);
type WalkCall = ValuesOf<typeof walk>;
const gates = { shape: ({ shape, batch }: WalkCall) => outputShape(stateToState(shape), batch) };
const states = { shape: ({ shape, batch }: WalkCall) => inputShape(stateToState(shape), batch) };
const filter = { shape: ({ shape }: WalkCall) => weightShape(stateToState(shape)) };
const outside = { shape: ({ shape }: WalkCall) => [2, hiddenFeatures(shape)] };
const initial = { ...outside, optional: true } as const;

/**
 * An LSTM layer of h hidden features over images, given its gates [batch, height, width, 4h] before the state-to-state product, its
 * weights [1, taps, h, 4h], and the h and the c of pixels outside the image [2, h]; zeros where null. See WalkShape. `activations`
 * are o, f, i (sigmoids) and g (tanh), in the places of their gates; `cells` c and `out` h, [batch, height, width, h].
 */
export const lstm = kernel({
  numbers: walk,
  inputs: { gates, weights: filter, initial },
  outputs: { activations: gates, cells: states, out: states },
  inBf16: true,
});

/** Gradients of `lstm`, given dOut and what the forward call was given and gave. */
export const lstmGradient = kernel({
  numbers: walk,
  inputs: { dOut: states, weights: filter, initial, activations: gates, cells: states, out: states },
  outputs: { dGates: gates, dWeights: filter, dInitial: { ...outside, with: 'initial' } },
  inBf16: true,
});
