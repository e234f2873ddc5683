import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import * as operations from '../../src/backend/convolution.js';
import { denseConvolution, filterMask, type ConvolutionShape } from '../../src/backend/convolution-shape.js';
import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { roundedToBf16 } from './bf16.js';
import { bitsOf } from './comparison.js';
import { bf16Sets, describeEach, implementations, namedKernels } from './implementations.js';
import { testKernel, type ReferenceInputs } from './kernel-suite.js';
import { TOLERANCES } from './tolerances.js';

interface ConvolutionCase {
  name: string;
  batch: number;
  shape: ConvolutionShape;
}

/** Which input groups the centre tap of a masked convolution sees: only earlier ones, or its own as well. */
type Mask = 'A' | 'B';

function ends(groups: number[]): number[] {
  return groups.map((_, i) => groups.slice(0, i + 1).reduce((a, b) => a + b, 0));
}

/** A masked convolution that keeps the size: taps above and to the left see all, the centre tap by mask. */
function masked(
  height: number,
  width: number,
  kernel: { height: number; width: number },
  mask: Mask,
  inGroups: number[],
  groups: number[],
): ConvolutionShape {
  const inEnds = ends(inGroups);
  const inFeatures = inEnds[inEnds.length - 1];
  const centre = { y: kernel.height >> 1, x: kernel.width >> 1 };
  const centreSees = groups.map((_, g) => (mask === 'B' ? inEnds[g] : (inEnds[g - 1] ?? 0)));
  const taps = [];
  for (let position = 0; position <= centre.y * kernel.width + centre.x; position++) {
    const dy = Math.floor(position / kernel.width) - centre.y;
    const dx = (position % kernel.width) - centre.x;
    taps.push({ dy, dx, position, sees: dy === 0 && dx === 0 ? centreSees : groups.map(() => inFeatures) });
  }
  const size = { inHeight: height, inWidth: width, inFeatures, outHeight: height, outWidth: width };
  return { ...size, outFeatures: ends(groups)[groups.length - 1], stride: 1, kernel, groups, taps };
}

/** An ordinary convolution of H x W x inFeatures with a border of `top` and `left` zeros. */
function dense(
  input: [height: number, width: number, features: number],
  output: [height: number, width: number, features: number],
  kernel: number,
  stride: number,
  [top, left]: [number, number],
): ConvolutionShape {
  const [inHeight, inWidth, inFeatures] = input;
  const [outHeight, outWidth, outFeatures] = output;
  const square = { height: kernel, width: kernel };
  const sizes = { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures };
  return denseConvolution({ ...sizes, stride, kernel: square, top, left });
}

const K1 = { height: 1, width: 1 };
const K3 = { height: 3, width: 3 };
const K7 = { height: 7, width: 7 };

const CONVOLUTIONS: ConvolutionCase[] = [
  {
    name: '2x3x4 3x3 mask B, 16+16+16 to 16+16+16',
    batch: 2,
    shape: masked(3, 4, K3, 'B', [16, 16, 16], [16, 16, 16]),
  },
  {
    name: '1x6x4 3x3 mask B, 17+16+15 to 15+17+16',
    batch: 1,
    shape: masked(6, 4, K3, 'B', [17, 16, 15], [15, 17, 16]),
  },
  {
    name: '1x2x3 3x3 mask B, 48+48+32 to 48+48+32',
    batch: 1,
    shape: masked(2, 3, K3, 'B', [48, 48, 32], [48, 48, 32]),
  },
  { name: '2x9x6 7x7 mask A, 1+1+1 to 6+5+5', batch: 2, shape: masked(9, 6, K7, 'A', [1, 1, 1], [6, 5, 5]) },
  { name: '1x9x8 7x7 mask A, 1 to 17', batch: 1, shape: masked(9, 8, K7, 'A', [1], [17]) },
  { name: '3x5x3 1x1 mask B, 6+6+5 to 2+2+1', batch: 3, shape: masked(5, 3, K1, 'B', [6, 6, 5], [2, 2, 1]) },
  {
    name: '2x3x5 1x1 mask A (the first group sees nothing), 1+1+1 to 2+2+1',
    batch: 2,
    shape: masked(3, 5, K1, 'A', [1, 1, 1], [2, 2, 1]),
  },
  {
    name: '2x4x6 1x3 mask B, 5+6+5 to 16+16+16',
    batch: 2,
    shape: masked(4, 6, { height: 1, width: 3 }, 'B', [5, 6, 5], [16, 16, 16]),
  },
  { name: '1x1x1 3x3 mask B, 3 to 5', batch: 1, shape: masked(1, 1, K3, 'B', [3], [5]) },
  { name: '2x13x1 3x3, 1 to 1', batch: 2, shape: dense([13, 1, 1], [13, 1, 1], 3, 1, [1, 1]) },
  { name: '1x5x8 3x3, 5 to 3', batch: 1, shape: dense([5, 8, 5], [5, 8, 3], 3, 1, [1, 1]) },
  { name: '2x8x6 4x4 stride 2, 5 to 16', batch: 2, shape: dense([8, 6, 5], [4, 3, 16], 4, 2, [1, 1]) },
  { name: '1x9x7 4x4 stride 2, cropped, 3 to 17', batch: 1, shape: dense([9, 7, 3], [5, 4, 17], 4, 2, [1, 1]) },
  { name: '2x7x8 3x3 stride 3, 16 to 5', batch: 2, shape: dense([7, 8, 16], [3, 3, 5], 3, 3, [1, 0]) },
  { name: '1x7x5 1x1 stride 2, 17 to 3', batch: 1, shape: dense([7, 5, 17], [4, 3, 3], 1, 2, [0, 0]) },
  {
    name: '1x8x10 3x3 stride 2, last row and column unread, 3 to 5',
    batch: 1,
    shape: dense([8, 10, 3], [3, 4, 5], 3, 2, [0, 0]),
  },
  {
    name: '1x6x7 2x2 that starts inside the image, 3 to 5',
    batch: 1,
    shape: dense([6, 7, 3], [4, 5, 5], 2, 1, [-1, -2]),
  },
  // Matrix tiles take 16 columns at a time, 64 pixels of a row, and rows in chunks of which a task adds several.
  {
    name: '1x2x70 3x3 mask B, 17+16+15 to 15+17+16',
    batch: 1,
    shape: masked(2, 70, K3, 'B', [17, 16, 15], [15, 17, 16]),
  },
  { name: '1x4x70 4x4 stride 2, 5 to 50', batch: 1, shape: dense([4, 70, 5], [2, 35, 50], 4, 2, [1, 1]) },
  {
    name: '3x9x11 3x3 mask B, 6+3+3 to 6+3+3',
    batch: 3,
    shape: masked(9, 11, K3, 'B', [6, 3, 3], [6, 3, 3]),
  },
  { name: '19x3x4 3x3, 18 to 17', batch: 19, shape: dense([3, 4, 18], [3, 4, 17], 3, 1, [1, 1]) },
];

/** Each case with what its kernels are given. */
const table = CONVOLUTIONS.map(({ name, batch, shape }) => {
  const mask = filterMask(shape);
  const inputs = batch * shape.inHeight * shape.inWidth * shape.inFeatures;
  const outputs = batch * shape.outHeight * shape.outWidth * shape.outFeatures;
  const arrays = {
    // Away from zero, where ReLU has no derivative.
    x: randomFloats(inputs, 1, 0.01),
    weights: randomFloats(mask.length, 2).map((weight, i) => weight * mask[i]),
    bias: randomFloats(shape.outFeatures, 3),
    dy: randomFloats(outputs, 4),
    plus: randomFloats(outputs, 5),
    plusIn: randomFloats(inputs, 6),
  };
  return { name, batch, shape, mask, arrays };
});

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

/** Numbers in bf16, two in each float. Around them lies what is not a number, which whoever reads it passes on. */
function packed(values: Float32Array): Float32Array {
  const rim = 64;
  const halves = new Uint16Array(2 * rim + values.length).fill(0x7fc0);
  new Uint32Array(roundedToBf16(values).buffer).forEach((bits, i) => (halves[rim + i] = bits >>> 16));
  return new Float32Array(halves.buffer, 2 * rim, values.length / 2);
}

const rectified = (values: Float32Array) => values.map((value) => Math.max(value, 0));
const inPairs = bf16Sets.flatMap((kernels) =>
  table
    .filter(({ shape }) => shape.inFeatures % 2 === 0 || shape.outFeatures % 2 === 0)
    .map((one) => ({ ...one, set: kernels.instructionSet, kernels })),
);

// Also rows of whole matrix tiles, which are read where they lie: pixels that are whole steps, and some whose last step
// would lie beyond the pixel.
for (const kernels of bf16Sets)
  for (const [name, shape] of [
    ['2x2x32 1x1, 64 to 32', dense([2, 32, 64], [2, 32, 32], 1, 1, [0, 0])],
    ['2x2x32 1x1 mask B, 32+16+16 to 32+16+16', masked(2, 32, K1, 'B', [32, 16, 16], [32, 16, 16])],
  ] as const) {
    const { inFeatures, outFeatures } = shape;
    const mask = filterMask(shape);
    const [x, plusIn] = [1, 6].map((seed) => randomFloats(2 * 2 * 32 * inFeatures, seed, 0.01));
    const [dy, plus] = [4, 5].map((seed) => randomFloats(2 * 2 * 32 * outFeatures, seed));
    const weights = randomFloats(mask.length, 2).map((weight, i) => weight * mask[i]);
    const arrays = { x, dy, plus, plusIn, weights, bias: randomFloats(outFeatures, 3) };
    inPairs.push({ name, batch: 2, shape, mask, arrays, set: kernels.instructionSet, kernels });
  }

(bf16Sets.length > 0 ? describe : describe.skip)(
  'arrays that are stored in bf16 give the bits of arrays that are rounded:',
  () => {
    test.each(inPairs)('$set, $name', ({ kernels, batch, shape, arrays }) => {
      const { weights, bias, plus, plusIn } = arrays;
      const x = rectified(arrays.x);
      const dy = roundedToBf16(arrays.dy);
      const stored = {
        x: shape.inFeatures % 2 === 0,
        out: shape.outFeatures % 2 === 0,
        dy: shape.outFeatures % 2 === 0,
      };
      const own = { ...shape, inBf16: stored };
      const asStored = (isPacked: boolean, values: Float32Array) => (isPacked ? packed(values) : values);
      const empty = (of: Float32Array, isPacked = false) => new Float32Array(isPacked ? of.length / 2 : of.length);

      const out = empty(plus);
      kernels.convolution({ shape, batch, relu: true }, { x, weights, bias, plus, out });
      const outInPairs = empty(plus, stored.out);
      const xInPairs = asStored(stored.x, x);
      kernels.convolution({ shape: own, batch, relu: true }, { x: xInPairs, weights, bias, plus, out: outInPairs });

      const dyInPairs = asStored(stored.dy, dy);
      const dx = empty(x);
      kernels.convolutionInputGradient({ shape, batch }, { dy, weights, reluInput: x, plus: plusIn, dx });
      const dxInPairs = empty(x, stored.x);
      const given = { dy: dyInPairs, weights, reluInput: xInPairs, plus: plusIn };
      kernels.convolutionInputGradient({ shape: own, batch }, { ...given, dx: dxInPairs });

      const filter = { dWeights: empty(weights), dBias: empty(bias) };
      kernels.convolutionFilterGradient({ shape, batch, relu: true }, { x, dy, ...filter });
      const filterInPairs = { dWeights: empty(weights), dBias: empty(bias) };
      const pairs = { x: xInPairs, dy: dyInPairs };
      kernels.convolutionFilterGradient({ shape: own, batch, relu: true }, { ...pairs, ...filterInPairs });

      expect(bitsOf({ out: outInPairs, dx: dxInPairs, ...filterInPairs })).toEqual(
        bitsOf({
          out: stored.out ? packed(rectified(out)) : out,
          dx: asStored(stored.x, dx),
          ...filter,
        }),
      );
    });
  },
);

test.each([
  ['shape.inFeatures', { inFeatures: 3, taps: [] }, { x: true, out: false, dy: false }],
  ['shape.outFeatures', { outFeatures: 3, groups: [3], taps: [] }, { x: false, out: false, dy: true }],
])('%s that are odd are not stored in bf16', (argument, changes, inBf16) => {
  const shape = { ...dense([1, 1, 2], [1, 1, 2], 1, 1, [0, 0]), ...changes, inBf16 };
  const none = new Float32Array(0);
  const arrays = { x: none, weights: none, bias: null, plus: null, out: none };
  expect(() => namedKernels[0].kernels.convolution({ batch: 1, relu: true, shape }, arrays)).toThrow(
    `${argument}: expected an even number in bf16, received 3;`,
  );
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
