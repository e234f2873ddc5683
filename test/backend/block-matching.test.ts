import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core';
import { blockMatching } from '../../src/backend/block-matching.js';
import type { BlockMatchingShape, Kernels } from '../../src/backend/kernels.js';
import { randomFloats } from '../random.js';
import * as reference from './block-matching-reference.js';
import { expectClose } from './comparison.js';
import { implementations, kernelSets, use } from './implementations.js';
import { addonSets, testThreads } from './threads.js';

interface MatchingCase {
  name: string;
  batch: number;
  shape: BlockMatchingShape;
  /** How far the last frame is moved, and how strong the noise upon it is, in levels. */
  moved: [down: number, right: number];
  noise: number;
}

const shapeOf = (height: number, width: number, channels: number, reach: number, margin: number) => {
  return { height, width, channels, reach, margin };
};

const CASES: MatchingCase[] = [
  { name: 'one pixel', batch: 1, shape: shapeOf(1, 1, 1, 2, 1), moved: [0, 0], noise: 9 },
  { name: 'one row', batch: 2, shape: shapeOf(1, 21, 3, 3, 2), moved: [0, 2], noise: 3 },
  { name: 'one column, longer than a strip', batch: 1, shape: shapeOf(35, 1, 1, 3, 2), moved: [-2, 0], noise: 3 },
  { name: 'odd sizes in colour', batch: 2, shape: shapeOf(18, 19, 3, 3, 1), moved: [2, -1], noise: 5 },
  { name: 'colour, longer than a strip', batch: 2, shape: shapeOf(37, 13, 3, 3, 2), moved: [-2, 1], noise: 4 },
  { name: 'blocks of one pixel', batch: 1, shape: shapeOf(6, 17, 1, 1, 0), moved: [1, 0], noise: 1 },
  { name: 'no reach', batch: 1, shape: shapeOf(5, 6, 3, 0, 1), moved: [1, 1], noise: 1 },
  { name: 'nothing alike', batch: 1, shape: shapeOf(9, 10, 1, 2, 1), moved: [40, 0], noise: 90 },
];

/** Pictures of waves, and the same a little later, moved and with noise; not whole levels. */
const TABLE = CASES.map(({ name, batch, shape, moved: [down, right], noise }) => {
  const { height, width, channels } = shape;
  const picture = (move: [number, number], noise: number) => {
    const noises = randomFloats(batch * height * width * channels, 1 + noise);
    return noises.map((value, at) => {
      const [pixel, c] = [Math.floor(at / channels), at % channels];
      const [y, x] = [Math.floor(pixel / width) - move[0], (pixel % width) - move[1]];
      return Math.max(0, 128 + 60 * Math.sin(0.7 * x + c) + 60 * Math.cos(0.9 * y + 0.3 * x) + noise * value);
    });
  };
  const [before, last] = [picture([0, 0], 0), picture([down, right], noise)];
  return { name, batch, shape, before, last, expected: reference.blockMatching(shape, batch, before, last) };
});

type Inputs = Pick<MatchingCase, 'shape' | 'batch'> & Record<'before' | 'last', Float32Array>;

function run(kernels: Omit<Kernels, 'instructionSet'>, { shape, batch, before, last }: Inputs): Float32Array {
  const out = new Float32Array(batch * shape.height * shape.width * 11).fill(NaN);
  kernels.blockMatching(shape, batch, before, last, out);
  return out;
}

describe.each(implementations)('$name', (implementation) => {
  const { name: instructionSet, kernels } = implementation;
  beforeAll(() => use(implementation));

  test.each(TABLE)('finds the motion of the definition: $name', ({ name, expected, ...inputs }) => {
    const received = run(kernels, inputs);
    expectClose({ operation: 'blockMatching', shape: name, instructionSet, expected, received });
  });

  test('a picture that moved is found where it was, and one that stands still stands still', () => {
    const shape = shapeOf(20, 24, 3, 7, 3);
    const [height, width] = [20, 24];
    const texture = randomFloats(40 * 40 * 3, 5).map((value) => Math.round(127 + 127 * value));
    const cut = (top: number, left: number) =>
      Float32Array.from({ length: height * width * 3 }, (_, at) => {
        const [y, x] = [Math.floor(at / 3 / width) + top, (Math.floor(at / 3) % width) + left];
        return texture[(y * 40 + x) * 3 + (at % 3)];
      });
    const [here, there] = [cut(8, 8), cut(6, 13)];
    const found = run(kernels, { shape, batch: 1, before: here, last: there });
    const middle = 11 * (10 * width + 10);
    expect(Array.from(found.subarray(middle, middle + 11))).toEqual([-2, -2, -2, -2, -2, 5, 5, 5, 5, 5, 0]);
    expect(run(kernels, { shape, batch: 1, before: here, last: here }).every((value) => value === 0)).toBe(true);
  });

  test('levels that are no numbers end nothing', () => {
    const shape = shapeOf(5, 6, 1, 2, 1);
    const inputs = { before: new Float32Array(30).fill(NaN), last: randomFloats(30, 1) };
    const found = run(kernels, { shape, batch: 1, ...inputs });
    for (let at = 0; at < 330; at += 11) expect(Math.abs(found[at])).toBeLessThanOrEqual(2);
  });
});

test.each(TABLE)('all sets find the same bits: $name', (one) => {
  const results = kernelSets.map((kernels) => Array.from(run(kernels, one)));
  for (const result of results) expect(result).toEqual(results[0]);
});

test('half a pixel of motion is found to a tenth', () => {
  const shape = shapeOf(16, 24, 1, 3, 3);
  const wave = (right: number) =>
    Float32Array.from({ length: 16 * 24 }, (_, at) => {
      const [y, x] = [Math.floor(at / 24), (at % 24) + right];
      return 128 + 50 * Math.sin(0.5 * x) + 50 * Math.cos(0.4 * y);
    });
  const found = run(kernelSets[0], { shape, batch: 1, before: wave(0), last: wave(1.5) });
  for (const column of [8, 12, 16]) {
    expect(found[11 * (8 * 24 + column)]).toBeCloseTo(0, 0);
    expect(Math.abs(found[11 * (8 * 24 + column) + 5] - 1.5)).toBeLessThan(0.1);
  }
});

testThreads((kernels) => run(kernels, TABLE[3]));

(addonSets.length > 0 ? test : test.skip)('the addon refuses arrays that do not fit the shape', () => {
  const { shape, batch, before, last, expected } = TABLE[3];
  const out = Float32Array.from(expected);
  const [kernels] = addonSets;
  expect(() => kernels.blockMatching(shape, batch, before.slice(1), last, out)).toThrow(
    'blockMatching: before: expected 2052 values ([2,18,19,3]), received 2051',
  );
  expect(() => kernels.blockMatching(shape, batch, before, last, out.slice(1))).toThrow('blockMatching: out');
  expect(() => kernels.blockMatching({ ...shape, reach: -1 }, batch, before, last, out)).toThrow(
    'blockMatching: shape.reach',
  );
});

const backends = implementations.filter(({ name }) =>
  ['tensors over typescript', 'composed form on cpu'].includes(name),
);

describe.each(backends)('on tensors, $name', (implementation) => {
  const { shape, batch, before, last } = TABLE[3];
  beforeAll(() => use(implementation));
  const inputs = (): Tensor4D[] =>
    [before, last].map((values) => tf.tensor4d(values, [batch, shape.height, shape.width, shape.channels]));

  test('no gradient goes through what was chosen, and no tensor is left behind', () => {
    const tensors = tf.memory().numTensors;
    const [first, second] = inputs();
    const loss = (x: Tensor4D) =>
      tf.tidy(() => tf.add<Scalar>(tf.sum(blockMatching(shape, first, x)), tf.sum(tf.mul(x, 3))));
    const gradient = tf.grad((x) => loss(x as Tensor4D))(second);
    expect(Array.from(gradient.dataSync()).every((value) => value === 3)).toBe(true);
    tf.dispose([gradient, first, second]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('tensors that do not fit the shape are refused', () => {
    const [first, second] = inputs();
    expect(() => blockMatching({ ...shape, channels: 1 }, first, second)).toThrow(
      'blockMatching: before: expected shape [2, 18, 19, 1], received [2, 18, 19, 3]',
    );
    tf.dispose([first, second]);
  });
});
