import * as tf from '@tensorflow/tfjs-core';
import { loadAddon } from '../../src/backend/addon.js';
import type { Kernels } from '../../src/backend/kernels.js';
import { lstm } from '../../src/backend/lstm.js';
import { stateToState, walkSteps, walkTaps, type Walk, type WalkShape } from '../../src/backend/walk-shape.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { expectClose } from './comparison.js';
import { implementations, kernelSets, namedKernels, use } from './implementations.js';
import * as reference from './lstm-reference.js';
import type { Gradients, States } from './lstm-reference.js';

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
  { batch: 1, height: 5, width: 4, groups: [16, 8, 9] },
  // More pixels a step than one matrix tile has rows, and than two.
  { batch: 1, height: 2, width: 37, groups: [5, 6, 7] },
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

/** Arrays as text, since toEqual takes seconds over long ones. */
const bits = (arrays: Record<string, Float32Array | null>) =>
  Object.values(arrays).map((array) => array && Buffer.from(array.buffer).toString('base64'));

/** What the kernels are given. */
interface Inputs {
  shape: WalkShape;
  batch: number;
  gates: Float32Array;
  weights: Float32Array;
  initial: Float32Array | null;
  dOut: Float32Array;
}

/** Each case with what its kernels should give. Every other one has initial states: each walk and each size has both. */
const TABLE = WALKS.flatMap((walk, w) =>
  SIZES.map(({ batch, height, width, groups }, s) => {
    const shape: WalkShape = { height, width, walk, groups };
    const { initial: states0, ...arrays } = arraysOf(shape, batch);
    const initial = (w + s) % 2 === 0 ? states0 : null;
    const states = reference.lstm(shape, batch, arrays.gates, arrays.weights, initial);
    const expected = reference.lstmGradient(shape, batch, arrays.dOut, arrays.weights, initial, states);
    const name = `${batch}x${height}x${width}, ${groups.join('+')} features by ${walk}${initial ? ', learned initial states' : ''}`;
    return {
      name,
      inputs: { shape, batch, initial, ...arrays } satisfies Inputs,
      expected: { ...states, ...expected },
    };
  }),
);

function forward(kernels: Pick<Kernels, 'lstm'>, { shape, batch, gates, weights, initial, dOut }: Inputs) {
  const states = {
    activations: unwritten(gates.length),
    cells: unwritten(dOut.length),
    out: unwritten(dOut.length),
  };
  kernels.lstm(shape, batch, gates, weights, initial, states.activations, states.cells, states.out);
  return states;
}

/** The gradients, with other weights on the way back where given. */
function backward(
  kernels: Pick<Kernels, 'lstm' | 'lstmGradient'>,
  one: Inputs,
  { weights }: Pick<Inputs, 'weights'> = one,
) {
  const { shape, batch, gates, initial, dOut } = one;
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

  test.each(TABLE)(
    'gives the states and the gradients of the float64 reference: $name',
    ({ name, inputs, expected }) => {
      const { dInitial, ...gradients } = backward(kernels, inputs);
      for (const [what, received] of Object.entries(forward(kernels, inputs))) {
        const common = { operation: 'lstm', instructionSet, shape: `${what} of ${name}` } as const;
        expectClose({ ...common, expected: expected[what as keyof States], received });
      }
      for (const [what, received] of Object.entries({ ...gradients, ...(dInitial && { dInitial }) })) {
        const common = { operation: 'lstmGradient', instructionSet, shape: `${what} of ${name}` } as const;
        expectClose({ ...common, expected: expected[what as keyof Gradients], received });
      }
    },
  );
});

describe.each(namedKernels)('$name', ({ kernels }) => {
  test.each(TABLE)('sums in the order of a convolution, to the bit: $name', ({ inputs }) => {
    const { shape, batch, gates, weights } = inputs;
    const states = forward(kernels, { ...inputs, initial: null });
    const sums = unwritten(gates.length);
    kernels.convolution(stateToState(shape), batch, states.out, weights, null, gates, false, sums);
    const noWeights = new Float32Array(weights.length);
    expect(forward(kernels, { ...inputs, initial: null, gates: sums, weights: noWeights })).toEqual(states);
  });

  test.each(TABLE.filter(({ inputs }) => inputs.batch === 1))(
    'gives an image the same bits in any batch: $name',
    (one) => {
      const repeated = (array: Float32Array) => Float32Array.from([...array, ...array, ...array]);
      const { gates, dOut } = one.inputs;
      const many = { ...one.inputs, batch: 3, gates: repeated(gates), dOut: repeated(dOut) };
      const [alone, together] = [forward(kernels, one.inputs), forward(kernels, many)];
      expect(together.out).toEqual(repeated(alone.out));
      expect(together.cells).toEqual(repeated(alone.cells));
      expect(together.activations).toEqual(repeated(alone.activations));
      expect(backward(kernels, many).dGates).toEqual(repeated(backward(kernels, one.inputs).dGates));
    },
  );

  test.each(WALKS)('saturated gates give finite states and gradients by %s', (walk) => {
    const shape: WalkShape = { height: 3, width: 4, walk, groups: [5] };
    const { gates, ...arrays } = arraysOf(shape, 1);
    const one = { shape, batch: 1, gates: gates.map((gate) => 200 * gate), ...arrays };
    const { activations, out } = forward(kernels, one);
    const { dGates, dWeights, dInitial } = backward(kernels, one);
    for (const array of [activations, out, dGates, dWeights, dInitial!])
      expect(array.every((value) => Number.isFinite(value))).toBe(true);
    expect(activations.every((value) => Math.abs(value) <= 1)).toBe(true);
  });
});

const nativeSets = namedKernels.filter(({ kernels }) => kernels.instructionSet !== 'typescript');

(nativeSets.length > 0 ? describe : describe.skip).each(nativeSets.length > 0 ? nativeSets : namedKernels)(
  '$name',
  ({ kernels }) => {
    const addon = nativeSets.length > 0 ? loadAddon() : null;
    const threads = addon?.threads() ?? 1;
    afterEach(() => addon!.setThreads(threads));

    test.each(TABLE)('sums gradients in the order of those of a convolution, to the bit: $name', ({ inputs }) => {
      const { shape, batch, weights, dOut } = inputs;
      const states = stateToState(shape);
      const { out } = forward(kernels, inputs);
      const { dGates, dWeights } = backward(kernels, inputs);
      const [dRead, noWeights] = [unwritten(dOut.length), new Float32Array(weights.length)];
      kernels.convolutionInputGradient(states, batch, dGates, weights, null, dOut, dRead);
      const given = { ...inputs, dOut: dRead };
      expect(backward(kernels, given, { weights: noWeights }).dGates).toEqual(dGates);
      if (inputs.initial) return; // What is outside the image adds to the gradient.
      const expected = unwritten(weights.length);
      kernels.convolutionFilterGradient(states, batch, out, dGates, false, expected, null);
      expect(dWeights).toEqual(expected);
    });

    test.each(WALKS)('gives the same bits with 1, 2, 3 and 4 threads by %s', (walk) => {
      const shape: WalkShape = { height: 6, width: 5, walk, groups: [17, 16, 16] };
      const one = { shape, batch: 11, ...arraysOf(shape, 11) };
      addon!.setThreads(1);
      const bothWays = () => bits({ ...forward(kernels, one), ...backward(kernels, one) });
      const expected = bothWays();
      for (const count of [2, 3, 4]) {
        addon!.setThreads(count);
        for (let run = 0; run < 3; run++) expect(bothWays()).toEqual(expected);
      }
    });
  },
);

test.each(TABLE)('reference gradients equal finite differences: $name', ({ name, inputs, expected }) => {
  const { shape, batch, gates, weights, initial, dOut } = inputs;
  const value = (g: ArrayLike<number>, w: ArrayLike<number>, i: ArrayLike<number> | null): number =>
    reference.lstm(shape, batch, g, w, i).out.reduce((sum, h, at) => sum + h * dOut[at], 0);
  const check = (
    what: string,
    x: Float32Array,
    gradient: Float64Array,
    along: (p: ArrayLike<number>) => number,
  ): void => checkGradient({ name: `${what} of ${name}`, value: along, x, gradient, exhaustive: 40 });
  check('gates', gates, expected.dGates, (p) => value(p, weights, initial));
  check('weights', weights, expected.dWeights, (p) => value(gates, p, initial));
  if (initial) check('initial states', initial, expected.dInitial, (p) => value(gates, weights, p));
});

describe('the steps of a walk', () => {
  test.each<[Walk, number[][]]>([
    ['rows', [[0, 1, 2], [3, 4, 5]]], // prettier-ignore
    ['diagonals', [[0], [1, 3], [2, 4], [5]]],
    ['mirrored-diagonals', [[2], [1, 5], [0, 4], [3]]],
  ])('of 2 rows and 3 columns by %s', (walk, steps) => {
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

  const portable = kernelSets.find(({ instructionSet }) => instructionSet === 'portable');
  (portable ? test : test.skip)('initial states without their gradient are refused before C++ runs', () => {
    const one = { shape, batch: 1, ...arraysOf(shape, 1) };
    const { dOut, weights, initial, gates } = one;
    const { activations, cells, out } = forward(portable!, one);
    const call = (dInitial: Float32Array | null, length = weights.length): void =>
      portable!.lstmGradient(
        shape,
        1,
        dOut,
        weights,
        initial,
        activations,
        cells,
        out,
        gates,
        unwritten(length),
        dInitial,
      );
    expect(() => call(null)).toThrow('lstmGradient: dInitial: expected an array, as initial, received null');
    expect(() => call(unwritten(6), 5)).toThrow('lstmGradient: dWeights: expected 108 values ([1,3,3,12]), received 5');
  });
});
