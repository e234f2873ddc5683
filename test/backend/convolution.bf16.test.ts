import '@tensorflow/tfjs-layers';
import { filterMask } from '../../src/backend/convolution-shape.js';
import { randomFloats } from '../random.js';
import { packed, roundedToBf16 } from './bf16.js';
import { bitsOf } from './comparison.js';
import { dense, K1, masked, table } from './convolution-cases.js';
import { bf16Sets, namedKernels } from './implementations.js';

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
      const { weights, bias } = arrays;
      const [x, dy, plus, plusIn] = [arrays.x, arrays.dy, arrays.plus, arrays.plusIn].map(roundedToBf16);
      const stored = { x: shape.inFeatures % 2 === 0, out: shape.outFeatures % 2 === 0 };
      const own = { ...shape, inBf16: stored };
      const asStored = (isPacked: boolean, values: Float32Array) => (isPacked ? packed(values) : values);
      const empty = (of: Float32Array, isPacked = false) => new Float32Array(isPacked ? of.length / 2 : of.length);
      const xInPairs = asStored(stored.x, x);
      const dyInPairs = asStored(stored.out, dy);

      for (const relu of [true, false]) {
        const out = empty(plus);
        kernels.convolution({ shape, batch, relu }, { x, weights, bias, plus, out });
        const outInPairs = empty(plus, stored.out);
        const added = { weights, bias, plus: asStored(stored.out, plus) };
        kernels.convolution({ shape: own, batch, relu }, { x: xInPairs, ...added, out: outInPairs });

        const dx = empty(x);
        kernels.convolutionInputGradient(
          { shape, batch },
          { dy, weights, reluInput: relu ? x : null, plus: plusIn, dx },
        );
        const dxInPairs = empty(x, stored.x);
        const given = { dy: dyInPairs, weights, reluInput: relu ? xInPairs : null, plus: asStored(stored.x, plusIn) };
        kernels.convolutionInputGradient({ shape: own, batch }, { ...given, dx: dxInPairs });

        const filter = { dWeights: empty(weights), dBias: empty(bias) };
        kernels.convolutionFilterGradient({ shape, batch, relu }, { x, dy, ...filter });
        const filterInPairs = { dWeights: empty(weights), dBias: empty(bias) };
        kernels.convolutionFilterGradient(
          { shape: own, batch, relu },
          { x: xInPairs, dy: dyInPairs, ...filterInPairs },
        );

        expect(bitsOf({ out: outInPairs, dx: dxInPairs, ...filterInPairs })).toEqual(
          bitsOf({ out: asStored(stored.out, out), dx: asStored(stored.x, dx), ...filter }),
        );
      }
    });
  },
);

test.each([
  ['shape.inFeatures', { inFeatures: 3, taps: [] }, { x: true, out: false }],
  ['shape.outFeatures', { outFeatures: 3, groups: [3], taps: [] }, { x: false, out: true }],
])('%s that are odd are not stored in bf16', (argument, changes, inBf16) => {
  const shape = { ...dense([1, 1, 2], [1, 1, 2], 1, 1, [0, 0]), ...changes, inBf16 };
  const none = new Float32Array(0);
  const arrays = { x: none, weights: none, bias: null, plus: null, out: none };
  expect(() => namedKernels[0].kernels.convolution({ batch: 1, relu: true, shape }, arrays)).toThrow(
    `${argument}: expected an even number in bf16, received 3;`,
  );
});
