import type { ConvolutionShape } from '../../src/backend/convolution-shape.js';
import { filterMask } from '../../src/backend/convolution-shape.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats, randomInts } from '../random.js';
import { CONVOLUTIONS, LENGTHS, MAT_MULS, SOFTMAXES } from './cases.js';
import { expectClose } from './comparison.js';
import { absentSets, hasTensorflow, implementations, namedKernels, use } from './implementations.js';
import * as reference from './reference.js';
import { TOLERANCES } from './tolerances.js';

/** An output array in which whatever a kernel forgets to write is seen. */
const unwritten = (length: number): Float32Array => new Float32Array(length).fill(NaN);

function convolutionArrays(shape: ConvolutionShape, batch: number) {
  const mask = filterMask(shape);
  const inputs = batch * shape.inHeight * shape.inWidth * shape.inFeatures;
  const outputs = batch * shape.outHeight * shape.outWidth * shape.outFeatures;
  return {
    // Away from zero, where ReLU has no derivative.
    x: randomFloats(inputs, 1, 0.01),
    weights: randomFloats(mask.length, 2).map((weight, i) => weight * mask[i]),
    bias: randomFloats(shape.outFeatures, 3),
    y: randomFloats(outputs, 4),
    plusOut: randomFloats(outputs, 5),
    plusIn: randomFloats(inputs, 6),
  };
}

/** Each case with its inputs and, computed once for all implementations, what its kernels should give. */
const convolutionTable = CONVOLUTIONS.map(({ name, batch, shape }) => {
  const arrays = convolutionArrays(shape, batch);
  const { x, weights, bias, y, plusOut, plusIn } = arrays;
  const forwards = [
    { label: 'plain', bias: null, plus: null, relu: false },
    { label: 'with bias', bias, plus: null, relu: false },
    { label: 'with ReLU, bias and an added map', bias, plus: plusOut, relu: true },
  ].map((one) => ({
    ...one,
    expected: once(() => reference.convolution(shape, batch, x, weights, one.bias, one.plus, one.relu)),
  }));
  const inputGradients = [
    { label: 'plain', reluInput: null, plus: null },
    { label: 'behind a ReLU, plus a gradient', reluInput: x, plus: plusIn },
  ].map((one) => ({
    ...one,
    expected: once(() => reference.convolutionInputGradient(shape, batch, y, weights, one.reluInput, one.plus)),
  }));
  const filterGradients = [false, true].map((relu) => ({
    relu,
    expected: once(() => reference.convolutionFilterGradient(shape, batch, x, y, relu)),
  }));
  return { name, batch, shape, arrays, forwards, inputGradients, filterGradients };
});

const matMulTable = MAT_MULS.map(({ m, n, k }) => {
  const [a, b] = [randomFloats(m * k, 1), randomFloats(k * n, 2)];
  const products = [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      transposeA,
      transposeB,
      expected: once(() => reference.matMul(a, b, m, n, k, transposeA, transposeB)),
    })),
  );
  return { m, n, k, a, b, products };
});

function once<T>(compute: () => T): () => T {
  let result: T | undefined;
  return () => (result ??= compute());
}

if (!hasTensorflow) test.skip('composed form on tensorflow, which is not installed', () => {});
for (const name of absentSets) test.skip(`instruction set ${name}, which this machine or this build lacks`, () => {});

describe.each(implementations)('$name', (implementation) => {
  const { name: instructionSet, kernels } = implementation;
  beforeAll(() => use(implementation));

  describe.each(convolutionTable)('convolution $name', (one) => {
    const { name, batch, shape, arrays, forwards, inputGradients, filterGradients } = one;
    const { x, weights, y } = arrays;

    test.each(forwards)('$label equals its float64 reference', ({ label, bias, plus, relu, expected }) => {
      const received = unwritten(y.length);
      kernels.convolution(shape, batch, x, weights, bias, plus, relu, received);
      const where = `${name} ${label}`;
      expectClose({ operation: 'convolution', shape: where, instructionSet, expected: expected(), received });
    });

    test.each(inputGradients)('input gradient, $label, equals its float64 reference', (gradient) => {
      const received = unwritten(x.length);
      kernels.convolutionInputGradient(shape, batch, y, weights, gradient.reluInput, gradient.plus, received);
      const common = { operation: 'convolutionInputGradient', shape: `${name} ${gradient.label}` } as const;
      expectClose({ ...common, instructionSet, expected: gradient.expected(), received });
    });

    test.each(filterGradients)('filter gradient (ReLU: $relu) equals its float64 reference', ({ relu, expected }) => {
      const dWeights = unwritten(weights.length);
      const dBias = unwritten(shape.outFeatures);
      kernels.convolutionFilterGradient(shape, batch, x, y, relu, dWeights, dBias);
      const common = { operation: 'convolutionFilterGradient', instructionSet } as const;
      expectClose({ ...common, shape: `dWeights of ${name}`, expected: expected().dWeights, received: dWeights });
      expectClose({ ...common, shape: `dBias of ${name}`, expected: expected().dBias, received: dBias });
    });
  });

  describe.each(matMulTable)('matMul $m x $k by $k x $n', ({ m, n, k, a, b, products }) => {
    test.each(products)(
      'transposeA $transposeA, transposeB $transposeB, equals its float64 reference',
      ({ transposeA, transposeB, expected }) => {
        const received = unwritten(m * n);
        kernels.matMul(a, b, m, n, k, transposeA, transposeB, received);
        const shape = `[${m}, ${k}] by [${k}, ${n}]`;
        expectClose({ operation: 'matMul', shape, instructionSet, expected: expected(), received });
      },
    );
  });

  describe.each(LENGTHS)('element-wise on %i values', (length) => {
    const a = randomFloats(length, 1);
    const b = randomFloats(length, 2);
    const shape = `[${length}]`;

    test('relu, its gradient, add and multiply equal their float64 references', () => {
      const received = unwritten(length);
      const check = (operation: keyof typeof TOLERANCES, expected: ArrayLike<number>): void => {
        expectClose({ operation, shape, instructionSet, expected, received });
        received.fill(NaN);
      };
      kernels.relu(a, received);
      check('relu', a.map((value) => (value > 0 ? value : 0))); // prettier-ignore
      kernels.relu(new Float32Array(length).fill(NaN), received);
      expect(received.every(Number.isNaN)).toBe(true);
      kernels.reluGradient(a, b, received);
      check('reluGradient', b.map((value, i) => (a[i] > 0 ? value : 0))); // prettier-ignore
      kernels.add(a, b, received);
      check('add', Array.from(a, (value, i) => value + b[i])); // prettier-ignore
      kernels.multiply(a, b, received);
      check('multiply', Array.from(a, (value, i) => value * b[i])); // prettier-ignore
    });

    test.each([1, 3, 16, 50])('a bias is added to %i rows, and rows are summed', (rows) => {
      const x = randomFloats(rows * length, 3);
      const sum = unwritten(rows * length);
      kernels.add(x, b, sum);
      const expected = Array.from(x, (value, i) => value + b[i % length]);
      expectClose({ operation: 'add', shape: `${rows} x ${length}`, instructionSet, expected, received: sum });
      const sums = unwritten(length);
      kernels.sumRows(x, rows, sums);
      const expectedSums = reference.sumRows(x, rows, length);
      const common = { operation: 'sumRows', shape: `${rows} x ${length}`, instructionSet } as const;
      expectClose({ ...common, expected: expectedSums, received: sums });
    });

    test.each([-1, 0, 2])('maps are added with the second one moved by %i', (offset) => {
      const batch = 3;
      const [first, second] = [randomFloats(batch * length, 4), randomFloats(batch * length, 5)];
      for (const a of [first, null]) {
        const received = unwritten(batch * length);
        kernels.addMoved(batch, offset, a, second, received);
        const expected = Array.from(second, (_, i) => {
          const from = (i % length) - offset;
          return (a === null ? 0 : a[i]) + (from >= 0 && from < length ? second[i - offset] : 0);
        });
        expectClose({ operation: 'addMoved', shape: `${batch} x ${length}`, instructionSet, expected, received });
      }
    });

    test('an Adam and an RMSProp update equal their float64 references', () => {
      const scale = Float32Array.of(0.7);
      const squares = b.map((value) => value * value);
      const moment = randomFloats(length, 4);
      const adamSettings = { learningRate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: 3 };
      const [w, m, v] = [unwritten(length), unwritten(length), unwritten(length)];
      kernels.adam(adamSettings, moment, a, scale, b, squares, w, m, v);
      const adam = reference.adam(adamSettings, moment, a, scale, b, squares);
      const rmsPropSettings = { learningRate: 1e-3, decay: 0.95, epsilon: 1e-8 };
      expectClose({ operation: 'adam', shape: `w ${shape}`, instructionSet, expected: adam.w, received: w });
      expectClose({ operation: 'adam', shape: `m ${shape}`, instructionSet, expected: adam.m, received: m });
      expectClose({ operation: 'adam', shape: `v ${shape}`, instructionSet, expected: adam.v, received: v });
      kernels.rmsProp(rmsPropSettings, moment, a, scale, squares, w, v);
      const rmsProp = reference.rmsProp(rmsPropSettings, moment, a, scale, squares);
      expectClose({ operation: 'rmsProp', shape: `w ${shape}`, instructionSet, expected: rmsProp.w, received: w });
      expectClose({ operation: 'rmsProp', shape: `v ${shape}`, instructionSet, expected: rmsProp.v, received: v });
    });
  });

  describe.each(SOFTMAXES)('softmax cross-entropy of $rows x $levels', ({ rows, levels }) => {
    const logits = randomFloats(rows * levels, 1).map((value) => 5 * value);
    const targets = randomInts(rows, levels, 2);
    const dNats = randomFloats(rows, 3);
    const common = { shape: `${rows} x ${levels}`, instructionSet } as const;

    test('equals its float64 reference', () => {
      const received = unwritten(rows);
      kernels.softmaxCrossEntropy(logits, targets, rows, levels, received);
      const expected = reference.softmaxCrossEntropy(logits, targets, rows, levels);
      expectClose({ ...common, operation: 'softmaxCrossEntropy', expected, received });
    });

    test('its gradient equals that of the float64 reference', () => {
      const received = unwritten(logits.length);
      kernels.softmaxCrossEntropyGradient(logits, targets, dNats, rows, levels, received);
      const expected = reference.softmaxCrossEntropyGradient(logits, targets, dNats, rows, levels);
      expectClose({ ...common, operation: 'softmaxCrossEntropyGradient', expected, received });
    });

    test('logits of 1000 neither overflow nor lose the difference between them', () => {
      const received = unwritten(1);
      kernels.softmaxCrossEntropy(Float32Array.of(1000, 998, -1000), Int32Array.of(1), 1, 3, received);
      expect(received[0]).toBeCloseTo(2 + Math.log1p(Math.exp(-2)), 4);
    });
  });

  describe.each(LENGTHS)('sigmoid cross-entropy of %i rows', (rows) => {
    const logits = randomFloats(rows, 1).map((value) => 5 * value);
    const targets = randomInts(rows, 2, 2);
    const dNats = randomFloats(rows, 3);
    const common = { shape: `${rows} rows`, instructionSet } as const;

    test('equals its float64 reference', () => {
      const received = unwritten(rows);
      kernels.sigmoidCrossEntropy(logits, targets, received);
      const expected = reference.sigmoidCrossEntropy(logits, targets, rows);
      expectClose({ ...common, operation: 'sigmoidCrossEntropy', expected, received });
    });

    test('its gradient equals that of the float64 reference', () => {
      const received = unwritten(rows);
      kernels.sigmoidCrossEntropyGradient(logits, targets, dNats, received);
      const expected = reference.sigmoidCrossEntropyGradient(logits, targets, dNats, rows);
      expectClose({ ...common, operation: 'sigmoidCrossEntropyGradient', expected, received });
    });
  });

  test.each([1000, 80, 30, 15])('a sigmoid with logits of %i either way loses no digit of what is small', (logit) => {
    const [logits, targets] = [Float32Array.of(logit, logit, -logit, -logit), Int32Array.of(0, 1, 0, 1)];
    const [nats, gradient] = [unwritten(4), unwritten(4)];
    kernels.sigmoidCrossEntropy(logits, targets, nats);
    kernels.sigmoidCrossEntropyGradient(logits, targets, Float32Array.of(1, 1, 1, 1), gradient);
    // Where the level is as good as certain, nats and gradient are both e^-logit.
    const small = Math.exp(-logit);
    const near = (value: number, expected: number) =>
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected));
    [logit, small, small, logit].forEach((expected, i) => near(nats[i], expected));
    [1, -small, small, -1].forEach((expected, i) => near(gradient[i], expected));
  });
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
  test.each(convolutionTable)('convolution $name gives the same bits for a pixel and a group alone', (one) => {
    const { batch, shape } = one;
    const { x, weights, bias, plusOut } = one.arrays;
    const { inFeatures, outFeatures, groups } = shape;
    const whole = unwritten(plusOut.length);
    kernels.convolution(shape, batch, x, weights, bias, plusOut, true, whole);
    const image = x.slice(0, shape.inHeight * shape.inWidth * inFeatures);
    const rows = shape.kernel.height * shape.kernel.width * inFeatures;
    let first = 0;
    for (let group = 0; group < groups.length; first += groups[group], group++) {
      const size = groups[group];
      const own = Float32Array.from(
        { length: rows * size },
        (_, i) => weights[Math.floor(i / size) * outFeatures + first + (i % size)],
      );
      for (let row = 0; row < shape.outHeight; row++)
        for (let column = 0; column < shape.outWidth; column++) {
          const at = (row * shape.outWidth + column) * outFeatures + first;
          const out = unwritten(size);
          const [ownBias, ownPlus] = [bias.slice(first, first + size), plusOut.slice(at, at + size)];
          kernels.convolution(aloneAt(shape, row, column, group), 1, image, own, ownBias, ownPlus, true, out);
          expect(Array.from(out)).toEqual(Array.from(whole.subarray(at, at + size)));
        }
    }
  });
});

test.each(convolutionTable)('reference gradients of convolution $name equal finite differences', (one) => {
  const { name, batch, shape, inputGradients, filterGradients } = one;
  const { x, weights, y } = one.arrays;
  const value = (x: ArrayLike<number>, weights: ArrayLike<number>, relu: boolean): number =>
    reference.convolution(shape, batch, x, weights, null, null, relu).reduce((sum, value, i) => sum + value * y[i], 0);
  const dx = inputGradients[0].expected();
  const { dWeights } = filterGradients[1].expected();
  checkGradient({ name: `x of ${name}`, value: (p) => value(p, weights, false), x, gradient: dx });
  checkGradient({ name: `weights of ${name}`, value: (p) => value(x, p, true), x: weights, gradient: dWeights });
});

describe('the comparison', () => {
  const common = { operation: 'convolution', shape: '2x3', instructionSet: 'avx2' } as const;

  test('names operation, instruction set, shape, index and both values of a failure', () => {
    expect(() => expectClose({ ...common, expected: [1, 2], received: [1, 2.5] })).toThrow(
      'convolution [avx2] 2x3: index 1: expected 2, received 2.5',
    );
  });

  test.each([[[1, NaN]], [[1]]])('refuses %j for two numbers', (received) => {
    expect(() => expectClose({ ...common, expected: [1, 2], received })).toThrow('convolution [avx2] 2x3');
  });
});
