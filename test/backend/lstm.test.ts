import * as tf from '@tensorflow/tfjs-core';
import { loadAddon } from '../../src/backend/addon.js';
import type { Kernels } from '../../src/backend/kernels.js';
import { lstm } from '../../src/backend/lstm.js';
import { stateToState, walkSteps, walkTaps, type Walk, type WalkShape } from '../../src/backend/walk-shape.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { expectClose } from './comparison.js';
import { implementations, kernelSets, use } from './implementations.js';
import * as reference from './lstm-reference.js';

const WALKS: Walk[] = ['rows', 'diagonals', 'mirrored-diagonals'];

/** Odd sizes, single rows and columns, hidden sizes around the widths of vectors, one and three groups. */
const SIZES: { batch: number; height: number; width: number; groups: number[] }[] = [
  { batch: 1, height: 1, width: 1, groups: [1] },
  { batch: 2, height: 1, width: 7, groups: [3] },
  { batch: 1, height: 6, width: 1, groups: [5] },
  { batch: 3, height: 4, width: 5, groups: [16] },
  { batch: 1, height: 5, width: 3, groups: [17] },
  { batch: 2, height: 3, width: 4, groups: [6, 5, 5] },
  { batch: 1, height: 2, width: 9, groups: [1, 2, 1] },
  { batch: 1, height: 7, width: 6, groups: [16, 8, 9] },
];

/** An output array in which whatever a kernel forgets to write is seen. */
const unwritten = (length: number) => new Float32Array(length).fill(NaN);

function arraysOf(shape: WalkShape, batch: number) {
  const hidden = shape.groups.reduce((sum, size) => sum + size, 0);
  const states = batch * shape.height * shape.width * hidden;
  const weights = walkTaps[shape.walk].length * hidden * 4 * hidden;
  return {
    gates: randomFloats(4 * states, 1).map((value) => 2 * value),
    // As wide as learned ones, so that the states go through the whole image.
    weights: randomFloats(weights, 2).map((value) => value / Math.sqrt(hidden)),
    initial: randomFloats(2 * hidden, 3),
    dOut: randomFloats(states, 4),
  };
}

const TABLE = WALKS.flatMap((walk) =>
  SIZES.flatMap(({ batch, height, width, groups }) =>
    [false, true].map((learned) => {
      const shape: WalkShape = { height, width, walk, groups };
      const { gates, weights, dOut, ...rest } = arraysOf(shape, batch);
      const initial = learned ? rest.initial : null;
      const states = reference.lstm(shape, batch, gates, weights, initial);
      const name = `${batch}x${height}x${width}, ${groups.join('+')} features by ${walk}, ${learned ? 'learned' : 'no'} initial states`;
      return { name, shape, batch, gates, weights, initial, dOut, states };
    }),
  ),
);
type Case = (typeof TABLE)[number];

function forward(kernels: Pick<Kernels, 'lstm'>, { shape, batch, gates, weights, initial, dOut }: Case) {
  const states = {
    activations: unwritten(gates.length),
    cells: unwritten(dOut.length),
    out: unwritten(dOut.length),
  };
  kernels.lstm(shape, batch, gates, weights, initial, states.activations, states.cells, states.out);
  return states;
}

function backward(kernels: Pick<Kernels, 'lstm' | 'lstmGradient'>, one: Case) {
  const { shape, batch, gates, weights, initial, dOut } = one;
  const { activations, cells, out } = forward(kernels, one);
  const gradients = {
    dGates: unwritten(gates.length),
    dWeights: unwritten(weights.length),
    dInitial: initial && unwritten(initial.length),
  };
  const { dGates, dWeights, dInitial } = gradients;
  kernels.lstmGradient(shape, batch, dOut, weights, initial, activations, cells, out, dGates, dWeights, dInitial);
  return gradients;
}

describe.each(implementations)('$name', (implementation) => {
  const { name: instructionSet, kernels } = implementation;
  beforeAll(() => use(implementation));

  test.each(TABLE)('walks $name as its float64 reference does', (one) => {
    const { activations, cells, out } = forward(kernels, one);
    const common = { operation: 'lstm', instructionSet } as const;
    const { states, name } = one;
    expectClose({ ...common, shape: `activations of ${name}`, expected: states.activations, received: activations });
    expectClose({ ...common, shape: `cells of ${name}`, expected: states.cells, received: cells });
    expectClose({ ...common, shape: `out of ${name}`, expected: states.out, received: out });
  });

  test.each(TABLE)('gives the gradients of the float64 reference: $name', (one) => {
    const { name, shape, batch, dOut, weights, initial, states } = one;
    const { dGates, dWeights, dInitial } = backward(kernels, one);
    const expected = reference.lstmGradient(shape, batch, dOut, weights, initial, states);
    const common = { operation: 'lstmGradient', instructionSet } as const;
    expectClose({ ...common, shape: `dGates of ${name}`, expected: expected.dGates, received: dGates });
    expectClose({ ...common, shape: `dWeights of ${name}`, expected: expected.dWeights, received: dWeights });
    if (dInitial)
      expectClose({ ...common, shape: `dInitial of ${name}`, expected: expected.dInitial, received: dInitial });
  });
});

describe.each(kernelSets)('$instructionSet', (kernels) => {
  test.each(TABLE.filter(({ initial }) => !initial))('sums in the order of a convolution, to the bit: $name', (one) => {
    const { shape, batch, gates, weights } = one;
    const states = forward(kernels, one);
    const sums = unwritten(gates.length);
    kernels.convolution(stateToState(shape), batch, states.out, weights, null, gates, false, sums);
    const again = forward(kernels, { ...one, gates: sums, weights: new Float32Array(weights.length) });
    expect(again).toEqual(states);
  });

  test.each(TABLE.filter(({ batch }) => batch === 1))('gives an image the same bits in any batch: $name', (one) => {
    const repeated = (array: Float32Array) => Float32Array.from([...array, ...array, ...array]);
    const many = { ...one, batch: 3, gates: repeated(one.gates), dOut: repeated(one.dOut) };
    const [alone, together] = [forward(kernels, one), forward(kernels, many)];
    expect(together.out).toEqual(repeated(alone.out));
    expect(together.cells).toEqual(repeated(alone.cells));
    expect(together.activations).toEqual(repeated(alone.activations));
    expect(backward(kernels, many).dGates).toEqual(repeated(backward(kernels, one).dGates));
  });

  test.each(WALKS)('saturated gates give finite states and gradients by %s', (walk) => {
    const shape: WalkShape = { height: 3, width: 4, walk, groups: [5] };
    const { weights, initial, dOut, gates } = arraysOf(shape, 1);
    const states = reference.lstm(shape, 1, gates, weights, initial);
    const one = { name: '', shape, batch: 1, weights, initial, dOut, states, gates: gates.map((g) => 200 * g) };
    const { activations, out } = forward(kernels, one);
    const { dGates, dWeights, dInitial } = backward(kernels, one);
    for (const array of [activations, out, dGates, dWeights, dInitial!])
      expect(array.every((value) => Number.isFinite(value))).toBe(true);
    expect(activations.every((value) => Math.abs(value) <= 1)).toBe(true);
  });
});

describe.each(kernelSets.filter(({ instructionSet }) => instructionSet !== 'typescript'))(
  '$instructionSet',
  (kernels) => {
    const addon = loadAddon();
    const threads = addon.threads();
    afterEach(() => addon.setThreads(threads));

    test.each(WALKS)('gives the same bits with 1, 2, 3 and 4 threads by %s', (walk) => {
      const shape: WalkShape = { height: 6, width: 5, walk, groups: [17, 16, 16] };
      const batch = 11;
      const { gates, weights, initial, dOut } = arraysOf(shape, batch);
      const one = {
        name: '',
        shape,
        batch,
        gates,
        weights,
        initial,
        dOut,
        states: { activations: new Float64Array(), cells: new Float64Array(), out: new Float64Array() },
      };
      addon.setThreads(1);
      const expected = [forward(kernels, one), backward(kernels, one)];
      for (const count of [2, 3, 4]) {
        addon.setThreads(count);
        for (let run = 0; run < 3; run++) expect([forward(kernels, one), backward(kernels, one)]).toEqual(expected);
      }
    });
  },
);

test.each(TABLE)('reference gradients equal finite differences: $name', (one) => {
  const { name, shape, batch, gates, weights, initial, dOut, states } = one;
  const value = (g: ArrayLike<number>, w: ArrayLike<number>, i: ArrayLike<number> | null): number =>
    reference.lstm(shape, batch, g, w, i).out.reduce((sum, h, at) => sum + h * dOut[at], 0);
  const { dGates, dWeights, dInitial } = reference.lstmGradient(shape, batch, dOut, weights, initial, states);
  const exhaustive = 40;
  checkGradient({
    name: `gates of ${name}`,
    value: (p) => value(p, weights, initial),
    x: gates,
    gradient: dGates,
    exhaustive,
  });
  checkGradient({
    name: `weights of ${name}`,
    value: (p) => value(gates, p, initial),
    x: weights,
    gradient: dWeights,
    exhaustive,
  });
  if (initial)
    checkGradient({
      name: `initial of ${name}`,
      value: (p) => value(gates, weights, p),
      x: initial,
      gradient: dInitial,
    });
});

describe('the steps of a walk', () => {
  test.each([
    [
      'rows',
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    ['diagonals', [[0], [1, 3], [2, 4], [5]]],
    ['mirrored-diagonals', [[2], [1, 5], [0, 4], [3]]],
  ] as [Walk, number[][]][])('of 2 rows and 3 columns by %s', (walk, steps) => {
    // prettier-ignore
    expect(walkSteps({ height: 2, width: 3, walk, groups: [1] })).toEqual(steps);
  });
});

describe('refusals', () => {
  const shape: WalkShape = { height: 2, width: 3, walk: 'rows', groups: [2, 1] };

  test('weights of another number of taps are refused, naming both shapes', () => {
    const [gates, weights] = [tf.zeros<tf.Rank.R4>([1, 2, 3, 12]), tf.zeros<tf.Rank.R4>([1, 2, 3, 12])];
    expect(() => lstm(gates, weights, null, shape)).toThrow(
      'lstm: weights: expected shape [1, 3, 3, 12], received [1, 2, 3, 12]; pass tensors that fit each other',
    );
  });

  test('initial states of another size are refused', () => {
    const [gates, weights] = [tf.zeros<tf.Rank.R4>([1, 2, 3, 12]), tf.zeros<tf.Rank.R4>([1, 3, 3, 12])];
    expect(() => lstm(gates, weights, tf.zeros<tf.Rank.R2>([1, 3]), shape)).toThrow(
      'lstm: initial: expected shape [2, 3], received [1, 3]',
    );
  });
});
