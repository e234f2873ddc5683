import { tf } from '../foundation/tfjs.js';
import { errorFactory } from '../foundation/errors.js';
import { nativeBackend } from './native-backend.js';

/**
 * Precision of products in convolutions, LSTMs and their gradients. bf16 rounds the factors to 8 significant bits (to
 * nearest, ties to even) before they are multiplied. Sums are float32 in both.
 */
export type Precision = 'float32' | 'bf16';

/**
 * Runs the synchronous function `compute` with products in `precision`, and returns its result.
 * @throws PxvError as `assertPrecision`
 */
export function withPrecision<T>(precision: Precision, compute: () => T): T {
  if (precision === 'float32') return compute();
  assertPrecision(precision);
  return nativeBackend()!.inBf16(compute);
}

/** Returns true if the backend in use can compute products in bf16. */
export function hasBf16(): boolean {
  return nativeBackend()?.bf16 != null;
}

/** Returns true if the backend in use multiplies in bf16 now (see `withPrecision`). */
export function multipliesInBf16(): boolean {
  const backend = nativeBackend();
  return backend?.bf16 != null && backend.kernels === backend.bf16;
}

/** Checks that the backend in use has a precision. @throws PxvError `USAGE` if not */
export function assertPrecision(precision: Precision): void {
  if (precision === 'float32' || hasBf16()) return;
  const remedy = 'take --precision float32, or such a CPU';
  throw errorFactory('USAGE', 'choose precision')(precision, BF16_NEEDS, computingParts(), remedy);
}

/**
 * Returns a warning if the backend in use cannot multiply in `precision`, so that a training multiplies in float32;
 * else null.
 */
export function lostPrecisionWarning(precision: Precision): string | null {
  if (precision === 'float32' || hasBf16()) return null;
  return (
    `steps multiply in float32, as with --precision float32: ` +
    `${precision} needs ${BF16_NEEDS}, and here are ${computingParts()}`
  );
}

const BF16_NEEDS = 'the native kernels avx512 or amx on a CPU with AVX-512 BF16';

/** Returns the name of the kernels, or of the backend, in use. */
function computingParts(): string {
  const kernels = nativeBackend()?.kernels;
  return kernels ? `the kernels ${kernels.instructionSet}` : `the backend ${tf.getBackend()}`;
}
