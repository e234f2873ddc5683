import { tf } from '../foundation/tfjs.js';
import { errorFactory } from '../foundation/errors.js';
import { nativeBackend } from './native-backend.js';

/**
 * What the factors of convolutions and LSTMs, and of their gradients, are rounded to before they are multiplied: float32
 * leaves them as they are, bf16 keeps 8 bits of each (to the nearest, ties to even). Sums are float32 in both.
 */
export const precisions = ['float32', 'bf16'] as const;

export type Precision = (typeof precisions)[number];

/** Runs `compute`, which must be synchronous, with products in this precision. Throws USAGE as `assertPrecision` does. */
export function withPrecision<T>(precision: Precision, compute: () => T): T {
  if (precision === 'float32') return compute();
  assertPrecision(precision);
  return nativeBackend()!.inBf16(compute);
}

/** Whether the backend in use can train in bf16. */
export function hasBf16(): boolean {
  return nativeBackend()?.bf16 != null;
}

/** Throws USAGE unless the backend in use has this precision. */
export function assertPrecision(precision: Precision): void {
  if (precision === 'float32' || hasBf16()) return;
  const kernels = nativeBackend()?.kernels;
  const expected = 'the native kernels avx512 or amx on a CPU with AVX-512 BF16';
  const received = kernels ? `the kernels ${kernels.instructionSet}` : `the backend ${tf.getBackend()}`;
  throw errorFactory('USAGE', 'choose precision')(precision, expected, received, 'train in float32, or on such a CPU');
}
