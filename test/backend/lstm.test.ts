import { lstm, lstmGradient } from '../../src/backend/lstm.js';
import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { stateToState, scanSteps, stateTaps, type ScanOrder, type ScanShape } from '../../src/backend/scan-shape.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { bitsOf } from './comparison.js';
import { namedKernels } from './implementations.js';
import { testKernel, type KernelInputs } from './kernel-suite.js';
import * as reference from './lstm-reference.js';

const SCAN_ORDERS: ScanOrder[] = ['rows', 'diagonals', 'mirrored-diagonals'];

/** Odd sizes, single rows and columns, hidden sizes around the widths of vectors, one and three groups. */
const SIZES: { batch: number; height: number; width: number; groups: number[] }[] = [
  { batch: 1, height: 1, width: 1, groups: [1] },
  { batch: 2, height: 1, width: 7, groups: [3] },
  { batch: 1, height: 6, width: 1, groups: [5] },
  { batch: 3, height: 4, width: 5, groups: [16] },
  { batch: 1, height: 5, width: 3, groups: [17] },
  { batch: 2, height: 3, width: 4, groups: [6, 5, 5] },
  { batch: 1, height: 2, width: 9, groups: [1, 2, 1] },
  { batch: 1, height: 5, width: 4, groups: [16, 8, 9] },
  // More pixels a step than one matrix tile has rows, and than two.
  { batch: 1, height: 2, width: 37, groups: [5, 6, 7] },
  // More images than threads.
  { batch: 11, height: 3, width: 4, groups: [9, 8, 8] },
];

type LstmNumbers = KernelNumbers<'lstm'>;

function inputsOf({ shape, batch }: LstmNumbers) {
  const hidden = shape.groups.reduce((sum, size) => sum + size, 0);
  const states = batch * shape.height * shape.width * hidden;
  const weights = stateTaps[shape.scanOrder].length * hidden * 4 * hidden;
  return {
    gates: randomFloats(4 * states, 1).map((value) => 2 * value),
    // As wide as learned ones, so that the states go through the whole image.
    weights: randomFloats(weights, 2).map((value) => value / Math.sqrt(hidden)),
    initial: randomFloats(2 * hidden, 3),
    dOut: randomFloats(states, 4),
  };
}

/** Every other case has initial states: each scan order and each size has both. */
const cases = SCAN_ORDERS.flatMap((scanOrder, w) =>
  SIZES.map(({ batch, height, width, groups }, s) => {
    const numbers = { batch, shape: { height, width, scanOrder, groups } satisfies ScanShape };
    const { initial, ...arrays } = inputsOf(numbers);
    const inputs = { ...arrays, initial: (w + s) % 2 === 0 ? initial : null };
    const states = reference.lstm(numbers.shape, batch, inputs.gates, inputs.weights, inputs.initial);
    const name =
      `${batch}x${height}x${width}, ${groups.join('+')} features by ` +
      `${scanOrder}${inputs.initial ? ', learned initial states' : ''}`;
    return { name, numbers, inputs, states };
  }),
);

const run = testKernel('lstm', {
  tolerance: 2e-6,
  cases,
  reference: ({ shape, batch }, { gates, weights, initial }) => reference.lstm(shape, batch, gates, weights, initial),
  tensors: ({ shape }, { gates, weights, initial }) => lstm(gates, weights, initial, shape),
  expects: ['gates', 'weights', 'initial'],
});

const runGradient = testKernel('lstmGradient', {
  tolerance: 1e-5,
  cases: cases.map(({ name, numbers, inputs, states: { activations, cells, out } }) => {
    const [a, c, h] = [activations, cells, out].map((values) => Float32Array.from(values));
    return { name, numbers, inputs: { ...inputs, activations: a, cells: c, out: h } };
  }),
  reference: ({ shape, batch }, { dOut, weights, initial, ...states }) => {
    const gradients = reference.lstmGradient(shape, batch, dOut, weights, initial, states);
    return { ...gradients, dInitial: initial && gradients.dInitial };
  },
  tensors({ shape }, { dOut, weights, initial, activations, cells, out }) {
    const gradients = lstmGradient(dOut, weights, initial, { activations, cells, out }, shape);
    return { dGates: gradients.gates, dWeights: gradients.weights, dInitial: gradients.initial };
  },
  expects: ['dOut', 'weights', 'initial', 'activations', 'cells', 'out'],
});

type Inputs = KernelInputs<'lstm'> & { dOut: Float32Array };

describe.each(namedKernels)('$name', (one) => {
  const { kernels } = one;

  test.each(cases)('sums in the order of a convolution, to the bit: $name', ({ numbers, inputs }) => {
    const { shape, batch } = numbers;
    const { weights, gates } = inputs;
    const states = run(one, numbers, { ...inputs, initial: null });
    const out = new Float32Array(gates.length).fill(NaN);
    const given = { x: states.out, weights, bias: null, plus: gates };
    kernels.convolution({ shape: stateToState(shape), batch, relu: false }, { ...given, out });
    const noWeights = new Float32Array(weights.length);
    expect(bitsOf({ ...run(one, numbers, { initial: null, gates: out, weights: noWeights }) })).toEqual(
      bitsOf({ ...states }),
    );
  });

  test.each(cases)(
    'sums gradients in the order of those of a convolution, to the bit: $name',
    ({ numbers, inputs }) => {
      const { weights, dOut } = inputs;
      const states = run(one, numbers, inputs);
      const { dGates, dWeights } = runGradient(one, numbers, { ...inputs, ...states });
      const call = { shape: stateToState(numbers.shape), batch: numbers.batch };
      const dx = new Float32Array(dOut.length).fill(NaN);
      kernels.convolutionInputGradient(call, { dy: dGates, weights, reluInput: null, plus: dOut, dx });
      const noWeights = new Float32Array(weights.length);
      const given = { ...inputs, ...states, dOut: dx, weights: noWeights };
      expect(bitsOf({ dGates: runGradient(one, numbers, given).dGates })).toEqual(bitsOf({ dGates }));
      if (inputs.initial) return; // What is outside the image adds to the gradient.
      const expected = new Float32Array(weights.length).fill(NaN);
      const filter = { x: states.out, dy: dGates, dWeights: expected, dBias: null };
      kernels.convolutionFilterGradient({ ...call, relu: false }, filter);
      expect(bitsOf({ dWeights })).toEqual(bitsOf({ dWeights: expected }));
    },
  );

  test.each(SCAN_ORDERS)('saturated gates give finite states and gradients by %s', (scanOrder) => {
    const numbers: LstmNumbers = { batch: 1, shape: { height: 3, width: 4, scanOrder, groups: [5] } };
    const { gates, ...arrays } = inputsOf(numbers);
    const inputs: Inputs = { ...arrays, gates: gates.map((gate) => 200 * gate) };
    const states = run(one, numbers, inputs);
    const gradients = runGradient(one, numbers, { ...inputs, ...states });
    for (const array of Object.values({ ...states, ...gradients }))
      expect(array!.every((value) => Number.isFinite(value))).toBe(true);
    expect(states.activations.every((value) => Math.abs(value) <= 1)).toBe(true);
  });
});

test.each(cases)('reference gradients equal finite differences: $name', ({ name, numbers, inputs, states }) => {
  const { shape, batch } = numbers;
  const { gates, weights, initial, dOut } = inputs;
  const value = (g: ArrayLike<number>, w: ArrayLike<number>, i: ArrayLike<number> | null): number =>
    reference.lstm(shape, batch, g, w, i).out.reduce((sum, h, at) => sum + h * dOut[at], 0);
  const expected = reference.lstmGradient(shape, batch, dOut, weights, initial, states);
  const check = (what: string, x: Float32Array, gradient: Float64Array, along: (p: ArrayLike<number>) => number) =>
    checkGradient({ name: `${what} of ${name}`, value: along, x, gradient, exhaustive: 40 });
  check('gates', gates, expected.dGates, (p) => value(p, weights, initial));
  check('weights', weights, expected.dWeights, (p) => value(gates, p, initial));
  if (initial) check('initial states', initial, expected.dInitial, (p) => value(gates, weights, p));
});

describe('the steps of a scan', () => {
  test.each<[ScanOrder, number[][]]>([
    [
      'rows',
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    ['diagonals', [[0], [1, 3], [2, 4], [5]]],
    ['mirrored-diagonals', [[2], [1, 5], [0, 4], [3]]],
  ])('of 2 rows and 3 columns by %s', (scanOrder, steps) => {
    expect(scanSteps({ height: 2, width: 3, scanOrder, groups: [1] })).toEqual(steps);
  });
});

test('an image whose order of pixels would be a list of gigabytes is refused at once', () => {
  const { kernels } = namedKernels[0];
  const refused = (height: number, width: number) => () => {
    const shape: ScanShape = { height, width, scanOrder: 'rows', groups: [1] };
    const [gates, cells, out] = [0, 1, 2].map(() => new Float32Array(0));
    const arrays = { gates, weights: new Float32Array(12), initial: null, activations: gates, cells, out };
    kernels.lstm({ batch: 0, shape }, arrays);
  };
  expect(refused(2 ** 31 - 1, 1)).toThrow(/lstm: shape.height: expected an integer from 1 to 32768/);
  expect(refused(2 ** 13, 2 ** 13)).toThrow(
    /lstm: shape.height \* shape.width: expected an integer from 1 to 16777216/,
  );
  expect(refused(3, 4)).not.toThrow();
});
