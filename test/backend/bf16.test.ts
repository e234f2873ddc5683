import * as tf from '@tensorflow/tfjs-core';
import { filterMask, type ConvolutionShape } from '../../src/backend/convolution-shape.js';
import type { NativeBackend } from '../../src/backend/native-backend.js';
import { expectPrecision, withPrecision } from '../../src/backend/precision.js';
import { PxvError } from '../../src/errors.js';
import { randomFloats } from '../random.js';
import { CONVOLUTIONS } from './cases.js';
import { expectClose } from './comparison.js';
import { bf16Sets } from './implementations.js';
import * as reference from './reference.js';

const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** The nearest number with 8 bits of mantissa, the even one of two: what a product in bf16 takes. */
function rounded(numbers: Float32Array): Float32Array {
  return numbers.map((number) => {
    value[0] = number;
    const isOdd = (bits[0] >>> 16) & 1;
    bits[0] = ((bits[0] + 0x7fff + isOdd) >>> 16) << 16;
    return value[0];
  });
}

/** An output array in which whatever a kernel forgets to write is seen. */
const unwritten = (length: number) => new Float32Array(length).fill(NaN);

function arraysOf(shape: ConvolutionShape, batch: number) {
  const mask = filterMask(shape);
  const x = randomFloats(batch * shape.inHeight * shape.inWidth * shape.inFeatures, 1);
  const y = randomFloats(batch * shape.outHeight * shape.outWidth * shape.outFeatures, 4);
  return {
    x,
    y,
    mask,
    weights: randomFloats(mask.length, 2).map((weight, i) => weight * mask[i]),
    bias: randomFloats(shape.outFeatures, 3),
    plusOut: randomFloats(y.length, 5),
    plusIn: randomFloats(x.length, 6),
  };
}

test('the rounding of these tests is to the nearest, and of two to the even', () => {
  const halves = [1 + 1 / 256, 1 + 3 / 256, -1 - 1 / 256 - 2 ** -23, 3];
  expect(Array.from(rounded(Float32Array.from(halves)))).toEqual([1, 1 + 4 / 256, -1 - 2 / 256, 3]);
});

if (bf16Sets.length === 0) test.skip('products in bf16, which this machine or this build lacks', () => {});

// What is rounded is the factors alone, so that the tolerances are those of float32.
for (const kernels of bf16Sets) {
  const instructionSet = `${kernels.instructionSet} in bf16`;

  describe.each(CONVOLUTIONS)(`${instructionSet}: convolution $name`, ({ name, batch, shape }) => {
    const { x, y, mask, weights, bias, plusOut, plusIn } = arraysOf(shape, batch);

    test.each([false, true])('sums products of rounded factors (ReLU: %s)', (relu) => {
      const received = unwritten(y.length);
      kernels.convolution(shape, batch, x, weights, bias, plusOut, relu, received);
      const expected = reference.convolution(shape, batch, rounded(x), rounded(weights), bias, plusOut, relu);
      expectClose({ operation: 'convolution', shape: name, instructionSet, expected, received });
    });

    test.each([null, x])('sums an input gradient of rounded factors', (reluInput) => {
      const received = unwritten(x.length);
      kernels.convolutionInputGradient(shape, batch, y, weights, reluInput, plusIn, received);
      const factors = [rounded(y), rounded(weights)] as const;
      const expected = reference.convolutionInputGradient(shape, batch, ...factors, reluInput, plusIn);
      expectClose({ operation: 'convolutionInputGradient', shape: name, instructionSet, expected, received });
    });

    test.each([false, true])(
      'sums a filter gradient of rounded factors, zero where masked, and a bias gradient of whole ones (ReLU: %s)',
      (relu) => {
        const [dWeights, dBias] = [unwritten(weights.length), unwritten(shape.outFeatures)];
        kernels.convolutionFilterGradient(shape, batch, x, y, relu, dWeights, dBias);
        const common = { operation: 'convolutionFilterGradient', shape: name, instructionSet } as const;
        const expected = reference.convolutionFilterGradient(shape, batch, rounded(x), rounded(y), relu).dWeights;
        expectClose({ ...common, expected, received: dWeights });
        expect(dWeights.every((weight, i) => mask[i] === 1 || weight === 0)).toBe(true);
        const bias = reference.convolutionFilterGradient(shape, batch, x, y, relu).dBias;
        expectClose({ ...common, expected: bias, received: dBias });
      },
    );
  });

  test(`${instructionSet}: what products of the factors as they are give is far beyond the tolerances`, () => {
    const { name, batch, shape } = CONVOLUTIONS[0];
    const { x, y, weights } = arraysOf(shape, batch);
    const out = unwritten(y.length);
    kernels.convolution(shape, batch, x, weights, null, null, false, out);
    const expected = reference.convolution(shape, batch, x, weights, null, null, false);
    const common = { operation: 'convolution', shape: name, instructionSet } as const;
    expect(() => expectClose({ ...common, expected, received: out })).toThrow('convolution');
  });
}

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
    ['native-typescript', 'the kernels typescript'],
    ['cpu', 'the backend cpu'],
  ])('refuses bf16 in one line where %s lacks it, and takes float32', async (backend, received) => {
    await tf.setBackend(backend);
    const refusal = `choose precision: bf16: expected the native kernels avx512 or amx on a CPU with AVX-512 BF16, received ${received}; train in float32`;
    expect(() => withPrecision('bf16', () => 1)).toThrow(PxvError);
    expect(() => expectPrecision('bf16')).toThrow(refusal);
    expect(withPrecision('float32', () => 1)).toBe(1);
  });
});
