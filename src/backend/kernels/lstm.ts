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
 * LSTM layer of h hidden features over images: see ScanShape. `gates` [batch, height, width, 4h] are those before the
 * state-to-state product, `weights` [1, taps, h, 4h]. `initial` [2, h] holds h and c of pixels outside the image; null:
 * zeros. Outputs: `activations` are o, f, i (sigmoids) and g (tanh) in the layout of the gates; `cells` c and `out` h,
 * [batch, height, width, h].
 */
export const lstm = kernel({
  numbers: walk,
  inputs: { gates, weights: filter, initial },
  outputs: { activations: gates, cells: states, out: states },
  inBf16: true,
});

/**
 * Gradients of `lstm` with respect to gates, weights and initial states, given dOut and the forward call's inputs and
 * outputs.
 */
export const lstmGradient = kernel({
  numbers: walk,
  inputs: { dOut: states, weights: filter, initial, activations: gates, cells: states, out: states },
  outputs: { dGates: gates, dWeights: filter, dInitial: { ...outside, with: 'initial' } },
  inBf16: true,
});
