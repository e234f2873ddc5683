import * as tf from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../../src/backend/native-backend.js';
import { assertPrecision, withPrecision } from '../../src/backend/precision.js';
import { PxvError } from '../../src/foundation/errors.js';
import { roundedToBf16 } from './bf16.js';
import { bf16Sets } from './implementations.js';

test('the rounding of tests in bf16 is to the nearest, and of two to the even', () => {
  const halves = [1 + 1 / 256, 1 + 3 / 256, -1 - 1 / 256 - 2 ** -23, 3];
  expect(Array.from(roundedToBf16(Float32Array.from(halves)))).toEqual([1, 1 + 4 / 256, -1 - 2 / 256, 3]);
});

describe('withPrecision', () => {
  const kernelsNow = () => (tf.backend() as NativeBackend).kernels;

  (bf16Sets.length > 0 ? test.each(bf16Sets) : test.skip.each([{ instructionSet: 'avx512' }]))(
    'computes with the products of bf16, and afterwards, even after an error, with those of before: $instructionSet',
    async ({ instructionSet }) => {
      await tf.setBackend(`native-${instructionSet}`);
      const before = kernelsNow();
      expect(withPrecision('bf16', kernelsNow)).toBe((tf.backend() as NativeBackend).bf16);
      expect(withPrecision('float32', kernelsNow)).toBe(before);
      const fail = () => {
        throw new Error('failed');
      };
      expect(() => withPrecision('bf16', fail)).toThrow('failed');
      expect(kernelsNow()).toBe(before);
    },
  );

  test.each([
    ['native-wasm', 'the kernels wasm'],
    ['cpu', 'the backend cpu'],
  ])('refuses bf16 in one line where %s lacks it, and takes float32', async (backend, received) => {
    await tf.setBackend(backend);
    const refusal =
      'choose precision: bf16: expected the native kernels avx512 or amx on a CPU with AVX-512 BF16, received ' +
      `${received}; take --precision float32`;
    expect(() => withPrecision('bf16', () => 1)).toThrow(PxvError);
    expect(() => assertPrecision('bf16')).toThrow(refusal);
    expect(withPrecision('float32', () => 1)).toBe(1);
  });
});
