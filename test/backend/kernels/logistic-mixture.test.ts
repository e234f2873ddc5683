import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { logisticMixture as kernel, type KernelNumbers } from '../../../src/backend/kernels/index.js';
import { logisticMixture } from '../../../src/backend/losses.js';
import { randomFloats, randomInts } from '../../random.js';
import { bitsOf } from '../comparison.js';
import { describeEach, kernelSets } from '../implementations.js';
import { testKernel } from '../kernel-suite.js';
import * as reference from '../reference.js';

type MixtureNumbers = KernelNumbers<'logisticMixture'>;

const shapeOf = (
  rows: number,
  components: number,
  levels: number,
  colours: number,
  anchors: number,
): MixtureNumbers => {
  return { rows, components, levels, meanScale: levels === 256 ? 16 : levels === 16 ? 4 : 1, colours, anchors };
};

/**
 * One colour and three, one anchor to three, as many components as anchors or not, rows around the widths of vectors.
 */
const MIXTURES: { numbers: MixtureNumbers; spread?: number }[] = [
  { numbers: shapeOf(1, 1, 2, 1, 1) },
  { numbers: shapeOf(17, 3, 16, 1, 1) },
  { numbers: shapeOf(33, 5, 256, 1, 1) },
  { numbers: shapeOf(9, 10, 256, 1, 2) },
  { numbers: shapeOf(15, 2, 256, 1, 3) },
  { numbers: shapeOf(19, 6, 5, 1, 1), spread: 9 },
  { numbers: shapeOf(1, 1, 2, 3, 1) },
  { numbers: shapeOf(5, 2, 16, 3, 3) },
  { numbers: shapeOf(33, 4, 256, 3, 1) },
  { numbers: shapeOf(7, 7, 256, 3, 3) },
  { numbers: shapeOf(18, 10, 256, 3, 2) },
  { numbers: shapeOf(21, 6, 5, 3, 2), spread: 9 },
  // As many rows as threads share.
  { numbers: shapeOf(600, 2, 16, 3, 1) },
];

/** Log-scale offsets lie in -spread .. spread; above 4.9 the clamp is met at both ends. */
function inputsOf(numbers: MixtureNumbers, spread = 2) {
  const { rows, components, levels, colours, anchors: each } = numbers;
  const targets = randomInts(rows * colours, levels, 1);
  // Both ends of the levels in every colour, whatever was drawn.
  for (let colour = 0; colour < colours; colour++) {
    targets[colour] = 0;
    targets[(rows - 1) * colours + colour] = levels - 1;
  }
  const columns = kernel.inputs.parameters.shape(numbers)[1];
  /** Whether block b of a row's parameters holds log-scale offsets: the third of each colour. */
  const areLogScales = (block: number): boolean => [2, 5, 9].includes(block);
  const parameters = randomFloats(rows * columns, 2).map(
    (value, i) => value * (areLogScales(Math.floor((i % columns) / components)) ? spread : 2),
  );
  const anchors = randomFloats(targets.length * each, 3).map((value, i) => targets[Math.floor(i / each)] + 4 * value);
  return { parameters, targets, anchors, dNats: randomFloats(targets.length, 4) };
}

const cases = MIXTURES.map(({ numbers, spread }) => {
  const { rows, colours, components, anchors, levels } = numbers;
  const name =
    `${rows} rows, ${colours} colours, ${components} components, ${anchors} anchors, ${levels} levels` +
    (spread ? ', clamped scales' : '');
  return { name, numbers, inputs: inputsOf(numbers, spread) };
});

const run = testKernel('logisticMixture', {
  // A mean of some 100 levels has a rounding error of 4e-6 levels in float32, which later colours add to their own.
  tolerance: 1e-5,
  cases,
  reference: (shape, { parameters, targets, anchors }) => ({
    nats: reference.logisticMixture(shape, parameters, targets, anchors, shape.rows),
  }),
  tensors: (shape, { parameters, targets, anchors }) => ({
    nats: logisticMixture(shape, parameters, targets, anchors),
  }),
  expects: ['parameters', 'targets', 'anchors'],
  sameBits: 'fused',
  refusals: [['two colours', { colours: 2 }, '(colours - 1) / 2: expected an integer from 0 to']],
});

const runGradient = testKernel('logisticMixtureGradient', {
  tolerance: 2e-5,
  cases,
  reference(shape, { parameters, targets, anchors, dNats }) {
    const { rows, colours } = shape;
    const rowOf = (x: ArrayLike<number>, row: number): number[] => {
      const columns = x.length / rows;
      return Array.from({ length: columns }, (_, column) => x[row * columns + column]);
    };
    const value = (parameters: ArrayLike<number>, anchors: ArrayLike<number>, row: number): number => {
      const nats = reference.logisticMixture(shape, parameters, rowOf(targets, row), anchors, 1);
      return nats.reduce((sum, one, colour) => sum + dNats[row * colours + colour] * one, 0);
    };
    const along = (x: ArrayLike<number>, valueOf: (x: Float64Array, row: number) => number) =>
      reference.gradientByRows(rows, x.length / rows, x, valueOf);
    return {
      dParameters: along(parameters, (x, row) => value(x, rowOf(anchors, row), row)),
      dAnchors: along(anchors, (x, row) => value(rowOf(parameters, row), x, row)),
    };
  },
  tensors(shape, { parameters, targets, anchors, dNats }) {
    const nats = (x: Tensor, start: Tensor) => logisticMixture(shape, x as Tensor2D, targets, start as Tensor2D);
    const [dParameters, dAnchors] = tf.grads(nats)([parameters, anchors], dNats);
    return { dParameters, dAnchors };
  },
  sameBits: 'fused',
  refusals: [['two colours', { colours: 2 }, '(colours - 1) / 2: expected an integer from 0 to']],
});

describeEach((implementation) => {
  test.each(cases)('probabilities of the levels of a colour, given the earlier ones, sum to one: $name', (one) => {
    const { numbers, inputs } = one;
    const { levels, colours, rows } = numbers;
    const repeat = (array: Float32Array): Float32Array => {
      const columns = array.length / rows;
      return Float32Array.from({ length: levels * columns }, (_, i) => array[i % columns]);
    };
    const given = { parameters: repeat(inputs.parameters), anchors: repeat(inputs.anchors) };
    for (let colour = 0; colour < colours; colour++) {
      const targets = Int32Array.from({ length: levels * colours }, (_, i) =>
        i % colours === colour ? Math.floor(i / colours) : inputs.targets[i % colours],
      );
      const { nats } = run(implementation, { ...numbers, rows: levels }, { ...given, targets });
      const sum = nats.reduce((sum, value, i) => sum + (i % colours === colour ? Math.exp(-value) : 0), 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  test('a mixture far from its target, narrow or wide beyond the clamp, has finite nats and no scale gradient', () => {
    const inputs = {
      parameters: Float32Array.of(0, 0, -20, 0, 0, 20, 0, 0, -20),
      targets: Int32Array.of(250, 250, 0),
      anchors: Float32Array.of(0, 0, 200),
      dNats: Float32Array.of(1, 1, 1),
    };
    const numbers = shapeOf(3, 1, 256, 1, 1);
    const { nats } = run(implementation, numbers, inputs);
    const { dParameters, dAnchors } = runGradient(implementation, numbers, inputs);
    // Far out the tail is exponential, with the smallest scale exp(-3): -log p = distance / scale.
    expect(nats[0] / (249.5 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(nats[2] / (199.5 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(dParameters[1] / (-16 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(dAnchors[0] / -Math.exp(3)).toBeCloseTo(1, 5);
    expect([dParameters[2], dParameters[5], dParameters[8]].map(Math.abs)).toEqual([0, 0, 0]);
    expect(Number.isFinite(nats[1])).toBe(true);
  });

  test('a first colour of thousands of nats costs the later ones no digits', () => {
    const zeros = [0, 0];
    // Both components are equally far from the first colour, so that it says nothing of the choice.
    const first = [0.3, 0.3, 0, 0, -20, -20];
    const later = [0.7, -0.4, 0.1, -0.2, 0.5, 0.9];
    const alone = run(implementation, shapeOf(1, 2, 256, 1, 1), {
      parameters: Float32Array.from(later),
      targets: Int32Array.of(101),
      anchors: Float32Array.of(100),
    });
    const { nats } = run(implementation, shapeOf(1, 2, 256, 3, 1), {
      parameters: Float32Array.from([...first, ...later, ...zeros, ...later, ...zeros, ...zeros]),
      targets: Int32Array.of(250, 101, 101),
      anchors: Float32Array.of(0, 100, 100),
    });
    expect(nats[0] / (249.5 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(Math.abs(nats[1] - alone.nats[0])).toBeLessThan(1e-6);
  });
});

describe.each(kernelSets)('$instructionSet', (kernels) => {
  test.each(cases.filter(({ numbers }) => numbers.colours === 3))(
    'gives colours the same bits whatever the later ones are, and not whatever the earlier ones are: $name',
    ({ numbers, inputs }) => {
      const { nats } = run({ kernels }, numbers, inputs);
      for (let changed = 0; changed < 3; changed++) {
        const targets = inputs.targets.map((target, i) => (i % 3 === changed ? (target + 1) % numbers.levels : target));
        const received = run({ kernels }, numbers, { ...inputs, targets }).nats;
        const isSame = [0, 1, 2].map((colour) => nats.every((value, i) => i % 3 !== colour || value === received[i]));
        expect(isSame).toEqual([0, 1, 2].map((colour) => colour < changed));
      }
    },
  );

  test('makes of three colours with one component and no linear terms three rows of one colour, to the bit', () => {
    const apart = inputsOf(shapeOf(33, 1, 256, 1, 2));
    const { parameters: p } = apart;
    const parameters = Array.from({ length: 11 }, (_, row) => {
      const [red, green, blue] = [0, 1, 2].map((colour) => p.slice(9 * row + 3 * colour, 9 * row + 3 * colour + 3));
      return [...red, ...green, 0, ...blue, 0, 0];
    });
    const together = { ...apart, parameters: Float32Array.from(parameters.flat()) };
    const { nats } = run({ kernels }, shapeOf(33, 1, 256, 1, 2), apart);
    expect(bitsOf(run({ kernels }, shapeOf(11, 1, 256, 3, 2), together))).toEqual(bitsOf({ nats }));
  });
});
