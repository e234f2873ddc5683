import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import * as operations from '../../src/backend/convolution.js';
import { denseConvolution, filterMask, type ConvolutionShape } from '../../src/backend/convolution-shape.js';
import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { CONVOLUTIONS, table } from './convolution-cases.js';
import { describeEach, implementations, namedKernels } from './implementations.js';
import { testKernel, type ReferenceInputs } from './kernel-suite.js';
import { TOLERANCES } from './tolerances.js';

/**
 * The products of a convolution, three numbers each: the indices of an input value, of a weight, and of an output
 * value.
 */
function productsOf(shape: ConvolutionShape, batch: number): Int32Array {
  const kept = known.get(shape);
  if (kept?.batch === batch) return kept.products;
  const products: number[] = [];
  const { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures, stride, groups, taps } = shape;
  const groupOf = groups.flatMap((size, group) => new Array<number>(size).fill(group));
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < outHeight; y++)
      for (let x = 0; x < outWidth; x++)
        for (const { dy, dx, position, sees } of taps) {
          const row = y * stride + dy;
          const column = x * stride + dx;
          if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue;
          for (let o = 0; o < outFeatures; o++)
            for (let k = 0; k < sees[groupOf[o]]; k++)
              products.push(
                ((n * inHeight + row) * inWidth + column) * inFeatures + k,
                (position * inFeatures + k) * outFeatures + o,
                ((n * outHeight + y) * outWidth + x) * outFeatures + o,
              );
        }
  known.set(shape, { batch, products: Int32Array.from(products) });
  return known.get(shape)!.products;
}

/** Of the shapes so far: finite differences ask for the same ones again and again. */
const known = new WeakMap<ConvolutionShape, { batch: number; products: Int32Array }>();

function convolution(
  { shape, batch, relu }: KernelNumbers<'convolution'>,
  { x, weights, bias, plus }: ReferenceInputs<'convolution'>,
) {
  const out = new Float64Array(batch * shape.outHeight * shape.outWidth * shape.outFeatures);
  const products = productsOf(shape, batch);
  for (let p = 0; p < products.length; p += 3) {
    const input = x[products[p]];
    out[products[p + 2]] += (relu ? Math.max(input, 0) : input) * weights[products[p + 1]];
  }
  return { out: out.map((sum, i) => sum + (bias ? bias[i % shape.outFeatures] : 0) + (plus ? plus[i] : 0)) };
}

function inputGradient(
  { shape, batch }: KernelNumbers<'convolutionInputGradient'>,
  { dy, weights, reluInput, plus }: ReferenceInputs<'convolutionInputGradient'>,
) {
  const dx = new Float64Array(batch * shape.inHeight * shape.inWidth * shape.inFeatures);
  const products = productsOf(shape, batch);
  for (let p = 0; p < products.length; p += 3) dx[products[p]] += dy[products[p + 2]] * weights[products[p + 1]];
  return { dx: dx.map((sum, i) => (reluInput && reluInput[i] <= 0 ? 0 : sum) + (plus ? plus[i] : 0)) };
}

function filterGradient(
  { shape, batch, relu }: KernelNumbers<'convolutionFilterGradient'>,
  { x, dy }: ReferenceInputs<'convolutionFilterGradient'>,
) {
  const dWeights = new Float64Array(filterMask(shape).length);
  const dBias = new Float64Array(shape.outFeatures);
  const products = productsOf(shape, batch);
  for (let p = 0; p < products.length; p += 3) {
    const input = x[products[p]];
    dWeights[products[p + 1]] += (relu ? Math.max(input, 0) : input) * dy[products[p + 2]];
  }
  for (let i = 0; i < dy.length; i++) dBias[i % dBias.length] += dy[i];
  return { dWeights, dBias };
}

testKernel('convolution', {
  tolerance: TOLERANCES.convolution,
  cases: table.flatMap(({ name, arrays, ...call }) => [
    { name, numbers: { ...call, relu: false }, inputs: { ...arrays, bias: null, plus: null } },
    { name: `${name}, with bias`, numbers: { ...call, relu: false }, inputs: { ...arrays, plus: null } },
    { name: `${name}, with ReLU, bias and an added map`, numbers: { ...call, relu: true }, inputs: arrays },
  ]),
  reference: convolution,
  tensors: ({ shape, relu }, { x, weights, bias, plus }) => ({
    out: operations.convolution(x, weights, shape, { bias: bias ?? undefined, plus: plus ?? undefined, relu }),
  }),
  expects: ['x', 'weights', 'bias', 'plus'],
  inBf16: (numbers, inputs, rounded) =>
    convolution(numbers, { ...inputs, x: rounded(inputs.x), weights: rounded(inputs.weights) }),
  refusals: [
    [
      'groups that do not add up',
      changedShape({ groups: [3, 1, 2] }),
      'shape.groups: expected a sum of 48, received 6;',
    ],
    [
      'a tap that sees more than there is',
      changedShape({ taps: [{ dy: 0, dx: 0, position: 4, sees: [0, 3, 49] }] }),
      'shape.taps[0].sees[2]: expected an integer from 3 to 48, received 49;',
    ],
    [
      'a tap that sees less from group to group',
      changedShape({ taps: [{ dy: 0, dx: 0, position: 4, sees: [3, 1, 5] }] }),
      'shape.taps[0].sees[1]: expected an integer from 3 to 48, received 1;',
    ],
    [
      'a tap beyond the kernel',
      changedShape({ taps: [{ dy: 0, dx: 0, position: 9, sees: [1, 3, 5] }] }),
      'shape.taps[0].position: expected an integer from 0 to 8, received 9;',
    ],
  ],
});

function changedShape(changed: Partial<ConvolutionShape>): { shape: ConvolutionShape } {
  return { shape: { ...CONVOLUTIONS[0].shape, ...changed } };
}

testKernel('convolutionInputGradient', {
  tolerance: 2e-5,
  cases: table.flatMap(({ name, arrays, shape, batch }) => [
    { name, numbers: { shape, batch }, inputs: { ...arrays, reluInput: null, plus: null } },
    {
      name: `${name}, behind a ReLU, plus a gradient`,
      numbers: { shape, batch },
      inputs: { ...arrays, reluInput: arrays.x, plus: arrays.plusIn },
    },
  ]),
  reference: inputGradient,
  tensors: ({ shape }, { dy, weights, reluInput, plus }) => ({
    dx: operations.convolutionInputGradient(dy, weights, shape, {
      reluInput: reluInput ?? undefined,
      plus: plus ?? undefined,
    }),
  }),
  expects: ['dy', 'weights', 'reluInput', 'plus'],
  inBf16: (numbers, inputs, rounded) =>
    inputGradient(numbers, { ...inputs, dy: rounded(inputs.dy), weights: rounded(inputs.weights) }),
});

const runFilterGradient = testKernel('convolutionFilterGradient', {
  tolerance: 5e-6,
  cases: table.flatMap(({ name, arrays, shape, batch }) =>
    [false, true].map((relu) => ({ name: `${name}, ReLU ${relu}`, numbers: { shape, batch, relu }, inputs: arrays })),
  ),
  reference: filterGradient,
  tensors: ({ shape, relu }, { x, dy }) => {
    const { weights, bias } = operations.convolutionFilterGradient(x, dy, shape, { relu });
    return { dWeights: weights, dBias: bias };
  },
  expects: ['x', 'dy'],
  inBf16: (numbers, { x, dy }, rounded) => ({
    ...filterGradient(numbers, { x: rounded(x), dy: rounded(dy) }),
    dBias: filterGradient(numbers, { x, dy }).dBias,
  }),
});

/** One output pixel of one group as a convolution of its own, over the whole input. */
function aloneAt(shape: ConvolutionShape, row: number, column: number, group: number): ConvolutionShape {
  const { stride, taps, groups } = shape;
  return {
    ...shape,
    outHeight: 1,
    outWidth: 1,
    outFeatures: groups[group],
    groups: [groups[group]],
    taps: taps.map(({ dy, dx, position, sees }) => ({
      dy: dy + row * stride,
      dx: dx + column * stride,
      position,
      sees: [sees[group]],
    })),
  };
}

describe.each(namedKernels)('$name', ({ kernels }) => {
  test.each(table)(
    'convolution $name gives the same bits for a pixel and a group alone',
    ({ batch, shape, arrays }) => {
      const { x, weights, bias, plus } = arrays;
      const { inFeatures, outFeatures, groups } = shape;
      const out = new Float32Array(plus.length);
      kernels.convolution({ shape, batch, relu: true }, { x, weights, bias, plus, out });
      const image = x.slice(0, shape.inHeight * shape.inWidth * inFeatures);
      const rows = shape.kernel.height * shape.kernel.width * inFeatures;
      groups.forEach((size, group) => {
        const first = groups.slice(0, group).reduce((sum, one) => sum + one, 0);
        const part = (array: Float32Array, at: number) => array.slice(at, at + size);
        const own = Array.from({ length: rows }, (_, row) => [...part(weights, row * outFeatures + first)]);
        const given = { x: image, weights: Float32Array.from(own.flat()), bias: part(bias, first) };
        for (let row = 0; row < shape.outHeight; row++)
          for (let column = 0; column < shape.outWidth; column++) {
            const at = (row * shape.outWidth + column) * outFeatures + first;
            const received = new Float32Array(size).fill(NaN);
            const numbers = { shape: aloneAt(shape, row, column, group), batch: 1, relu: true };
            kernels.convolution(numbers, { ...given, plus: part(plus, at), out: received });
            if (!isDeepStrictEqual(received, part(out, at))) throw new Error(`other bits at ${row}, ${column}`);
          }
      });
    },
  );

  test.each(table)('the filter gradient of $name is zero where masked', ({ shape, batch, mask, arrays }) => {
    const { dWeights } = runFilterGradient({ kernels }, { shape, batch, relu: true }, arrays);
    expect(dWeights.every((gradient, i) => mask[i] === 1 || gradient === 0)).toBe(true);
  });
});

test.each(table)(
  'reference gradients of convolution $name equal finite differences',
  ({ name, shape, batch, arrays }) => {
    const value = (changed: { x?: ArrayLike<number>; weights?: ArrayLike<number> }, relu: boolean): number =>
      convolution({ shape, batch, relu }, { ...arrays, ...changed, bias: null, plus: null }).out.reduce(
        (sum, value, i) => sum + value * arrays.dy[i],
        0,
      );
    const { dx } = inputGradient({ shape, batch }, { ...arrays, reluInput: null, plus: null });
    const { dWeights } = filterGradient({ shape, batch, relu: true }, arrays);
    checkGradient({ name: `x of ${name}`, value: (x) => value({ x }, false), x: arrays.x, gradient: dx });
    const ofWeights = {
      value: (weights: Float64Array) => value({ weights }, true),
      x: arrays.weights,
      gradient: dWeights,
    };
    checkGradient({ name: `weights of ${name}`, ...ofWeights });
  },
);

test.each([
  ['a stride', { stride: 65 }, 'shape.stride'],
  ['a side', { outHeight: 2 ** 31 - 1 }, 'shape.outHeight'],
  ['an image', { inHeight: 2 ** 24, inWidth: 2 ** 24 }, 'values of one image'],
  ['an offset of a tap', { taps: [{ dy: 0, dx: 1025, position: 0, sees: [1] }] }, 'shape.taps[0].dx'],
  ['a kernel without a place', { kernel: { height: 0, width: 1 }, taps: [] }, 'shape.kernel.height'],
])('%s whose products overflow is refused', (_, changes, argument) => {
  const sides = { inHeight: 1, inWidth: 1, outHeight: 1, outWidth: 1 };
  const kernel = { height: 1, width: 1 };
  const one = denseConvolution({ ...sides, kernel, inFeatures: 1, outFeatures: 1, top: 0, left: 0, stride: 1 });
  const none = new Float32Array(0);
  const arrays = { x: none, weights: none, bias: null, plus: null, out: none };
  expect(() =>
    namedKernels[0].kernels.convolution({ batch: 0, relu: false, shape: { ...one, ...changes } }, arrays),
  ).toThrow(
    expect.objectContaining({ code: 'USAGE', parts: expect.objectContaining({ argument }) as object }) as Error,
  );
});

describeEach(
  () =>
    test.each([1, 2])(
      "a convolution with a bias and its gradients have the bits of tfjs's operations, stride %i",
      (stride) =>
        tf.tidy(() => {
          const given: [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D] = [
            tf.tensor4d(randomFloats(2 * 7 * 5 * 6, 1), [2, 7, 5, 6]),
            tf.tensor4d(randomFloats(3 * 3 * 6 * 9, 2), [3, 3, 6, 9]),
            tf.tensor1d(randomFloats(9, 3)),
          ];
          const bitsOf = (convolve: (...of: typeof given) => tf.Tensor4D) => {
            // With dy, all gradients differ from pixel to pixel.
            const dy = tf.range(0, tf.util.sizeFromShape(convolve(...given).shape), 1, 'float32');
            const dxs = tf.grads((...of) => tf.mul(tf.reshape(convolve(...(of as typeof given)), [-1]), dy))(given);
            return [convolve(...given), ...dxs].map((tensor) => tensor.dataSync());
          };
          expect(bitsOf((x, weights, bias) => operations.convolutionWithBias(x, weights, bias, stride))).toEqual(
            bitsOf((x, weights, bias) => tf.add(tf.conv2d(x, weights, stride, 'same'), bias)),
          );
        }),
    ),
  implementations.filter(({ backend }) => backend?.startsWith('native')),
);
