import { count, extent, kernel, perPixel, scalarArguments } from './description.js';

const cells = scalarArguments('GruNumbers', {
  batch: count,
  height: extent,
  width: extent,
  /** Number of features of the state, F. */
  features: extent,
});

type Cells = { batch: number; height: number; width: number; features: number };

const mask = perPixel(() => 1);
const state = perPixel((of: Cells) => of.features);
const gates = perPixel((of: Cells) => 3 * of.features);

/**
 * One step of a GRU at each pixel. `input` holds what the gates read of the input, F values each of the update gate,
 * the reset gate and the candidate; `recurrent` what they read of the state h. With s(a) = a/4 + 1/2 clipped to 0..1:
 *
 *     z = s(input_z + recurrent_z),   r = s(input_r + recurrent_r)
 *     n = clip(input_n + r recurrent_n, -1, 1)
 *     out = exists (n + z (h - n))
 *
 * `exists` is 1, or 0 where the state is reset to zero.
 */
export const gruStep = kernel({
  numbers: cells,
  inputs: { input: gates, recurrent: gates, state, exists: mask },
  outputs: { out: state },
});

/**
 * Gradient of `gruStep` with respect to `input`, `recurrent` and `state`, given dOut. At a bound of a clipped value the
 * gradient passes.
 */
export const gruStepGradient = kernel({
  numbers: cells,
  inputs: { input: gates, recurrent: gates, state, exists: mask, dOut: state },
  outputs: { dInput: gates, dRecurrent: gates, dState: state },
});
