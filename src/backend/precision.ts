import * as tf from '@tensorflow/tfjs-core';
import { PxvError } from '../errors.js';
import { NativeBackend } from './native-backend.js';

/**
 * What the factors of convolutions and LSTMs, and of their gradients, are rounded to before they are multiplied: float32
 * leaves them as they are, bf16 keeps 8 bits of each (to the nearest, ties to even). Sums are float32 in both.
 */
export type Precision = 'float32' | 'bf16';

export const precisions = ['float32', 'bf16'] as const satisfies readonly Precision[];

/** Runs `compute`, which must be synchronous, with products in this precision. Throws USAGE as `expectPrecision` does. */
export function withPrecision<T>(precision: Precision, compute: () => T): T {
  if (precision === 'float32') return compute();
  expectPrecision(precision);
  return (tf.backend() as NativeBackend).inBf16(compute);
}

/** Throws USAGE unless the backend in use has this precision. */
export function expectPrecision(precision: Precision): void {
  if (precision === 'float32') return;
  const backend: unknown = tf.backend();
  if (!(backend instanceof NativeBackend)) throw noBf16(`the backend ${tf.getBackend()}`);
  if (backend.bf16 === null) throw noBf16(`the kernels ${backend.kernels.instructionSet}`);
}

function noBf16(received: string): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'choose precision',
    argument: 'bf16',
    expected: 'the native kernels avx512 on a CPU with AVX-512 BF16',
    received,
    remedy: 'choose float32',
  });
}
