import { inputShape, outputShape, storedShape, weightShape } from '../convolution-shape.js';
import { hiddenFeatures, stateToState } from '../scan-shape.js';
import { count, kernel, shapedArguments, type ValuesOf } from './description.js';
import { scanGeometry } from './geometry.js';

const scan = shapedArguments('ScanNumbers', { batch: count }, scanGeometry);
type ScanCall = ValuesOf<typeof scan>;
const gates = {
  shape: ({ shape, batch }: ScanCall) => storedShape(outputShape(stateToState(shape), batch), shape.gatesInBf16),
};
const states = { shape: ({ shape, batch }: ScanCall) => inputShape(stateToState(shape), batch) };
const filter = { shape: ({ shape }: ScanCall) => weightShape(stateToState(shape)) };
const outside = { shape: ({ shape }: ScanCall) => [2, hiddenFeatures(shape)] };
const initial = { ...outside, optional: true } as const;

/**
 * LSTM layer of h hidden features over images: see ScanShape. `gates` [batch, height, width, 4h] are those before the
 * state-to-state product, `weights` [1, taps, h, 4h]. `initial` [2, h] holds h and c of pixels outside the image; null:
 * zeros. Outputs: `activations` are o, f, i (sigmoids) and g (tanh) in the layout of the gates; `cells` c and `out` h,
 * [batch, height, width, h].
 */
export const lstm = kernel({
  numbers: scan,
  inputs: { gates, weights: filter, initial },
  outputs: { activations: gates, cells: states, out: states },
  inBf16: true,
});

/**
 * Kernel of the gradients of `lstm` with respect to gates, weights and initial states. Reads dOut, the weights, the
 * initial states and all outputs of the forward call, but not the gates. dInitial is null if and only if `initial` is
 * null.
 */
export const lstmGradient = kernel({
  numbers: scan,
  inputs: { dOut: states, weights: filter, initial, activations: gates, cells: states, out: states },
  outputs: { dGates: gates, dWeights: filter, dInitial: { ...outside, with: 'initial' } },
  inBf16: true,
});
