import { blockMatching } from '../../src/backend/block-matching.js';
import { MOTION_COSTS, type KernelNumbers } from '../../src/backend/kernels/index.js';
import { randomFloats } from '../random.js';
import * as reference from './block-matching-reference.js';
import { describeEach, kernelSets } from './implementations.js';
import { testKernel } from './kernel-suite.js';

type MatchingNumbers = KernelNumbers<'blockMatching'>;

const shapeOf = (height: number, width: number, channels: number, reach: number, margin: number, batch = 1) => {
  return { batch, height, width, channels, reach, margin, ...MOTION_COSTS } satisfies MatchingNumbers;
};

/** With how far the last frame is moved, and how strong the noise upon it is, in levels. */
const CASES: { name: string; numbers: MatchingNumbers; moved: [down: number, right: number]; noise: number }[] = [
  { name: 'one pixel', numbers: shapeOf(1, 1, 1, 2, 1), moved: [0, 0], noise: 9 },
  { name: 'one row', numbers: shapeOf(1, 21, 3, 3, 2, 2), moved: [0, 2], noise: 3 },
  { name: 'one column, longer than a strip', numbers: shapeOf(35, 1, 1, 3, 2), moved: [-2, 0], noise: 3 },
  { name: 'odd sizes in colour', numbers: shapeOf(18, 19, 3, 3, 1, 2), moved: [2, -1], noise: 5 },
  { name: 'colour, longer than a strip', numbers: shapeOf(37, 13, 3, 3, 2, 2), moved: [-2, 1], noise: 4 },
  { name: 'blocks of one pixel', numbers: shapeOf(6, 17, 1, 1, 0), moved: [1, 0], noise: 1 },
  { name: 'no reach', numbers: shapeOf(5, 6, 3, 0, 1), moved: [1, 1], noise: 1 },
  { name: 'nothing alike', numbers: shapeOf(9, 10, 1, 2, 1), moved: [40, 0], noise: 90 },
];

/** Pictures of waves, and the same a little later, moved and with noise; not whole levels. */
const cases = CASES.map(({ name, numbers, moved, noise }) => {
  const { batch, height, width, channels } = numbers;
  const picture = (move: [number, number], noise: number) => {
    const noises = randomFloats(batch * height * width * channels, 1 + noise);
    return noises.map((value, at) => {
      const pixel = Math.floor(at / channels);
      const c = at % channels;
      const y = Math.floor(pixel / width) - move[0];
      const x = (pixel % width) - move[1];
      return Math.max(0, 128 + 60 * Math.sin(0.7 * x + c) + 60 * Math.cos(0.9 * y + 0.3 * x) + noise * value);
    });
  };
  return { name, numbers, inputs: { before: picture([0, 0], 0), last: picture(moved, noise) } };
});

const run = testKernel('blockMatching', {
  // The motion itself is exact; a fraction of a pixel is rounded to float32.
  tolerance: 2e-7,
  cases,
  reference: (shape, { before, last }) => ({ out: reference.blockMatching(shape, shape.batch, before, last) }),
  tensors: (shape, { before, last }) => ({ out: blockMatching(shape, before, last) }),
  expects: ['before', 'last'],
  isConstant: true,
  sameBits: 'all',
});

describeEach((implementation) => {
  test('a picture that moved is found where it was, and one that stands still stands still', () => {
    const height = 20;
    const width = 24;
    const texture = randomFloats(40 * 40 * 3, 5).map((value) => Math.round(127 + 127 * value));
    const cut = (top: number, left: number) =>
      Float32Array.from({ length: height * width * 3 }, (_, at) => {
        const y = Math.floor(at / 3 / width) + top;
        const x = (Math.floor(at / 3) % width) + left;
        return texture[(y * 40 + x) * 3 + (at % 3)];
      });
    const here = cut(8, 8);
    const there = cut(6, 13);
    const find = (last: Float32Array) =>
      run(implementation, shapeOf(height, width, 3, 7, 3), { before: here, last }).out;
    const middle = 11 * (10 * width + 10);
    expect(Array.from(find(there).subarray(middle, middle + 11))).toEqual([-2, -2, -2, -2, -2, 5, 5, 5, 5, 5, 0]);
    expect(find(here).every((value) => value === 0)).toBe(true);
  });

  test('levels that are no numbers end nothing', () => {
    const inputs = { before: new Float32Array(30).fill(NaN), last: randomFloats(30, 1) };
    const { out } = run(implementation, shapeOf(5, 6, 1, 2, 1), inputs);
    for (let at = 0; at < 330; at += 11) expect(Math.abs(out[at])).toBeLessThanOrEqual(2);
  });
});

test('half a pixel of motion is found to a tenth', () => {
  const wave = (right: number) =>
    Float32Array.from({ length: 16 * 24 }, (_, at) => {
      const y = Math.floor(at / 24);
      const x = (at % 24) + right;
      return 128 + 50 * Math.sin(0.5 * x) + 50 * Math.cos(0.4 * y);
    });
  const inputs = { before: wave(0), last: wave(1.5) };
  const { out } = run({ kernels: kernelSets[0] }, shapeOf(16, 24, 1, 3, 3), inputs);
  for (const column of [8, 12, 16]) {
    expect(out[11 * (8 * 24 + column)]).toBeCloseTo(0, 0);
    expect(Math.abs(out[11 * (8 * 24 + column) + 5] - 1.5)).toBeLessThan(0.1);
  }
});

test('what costs less is found: a motion of one pixel, and only where it gains as much', () => {
  const before = Float32Array.of(0, 8, 0, 0, 0, 0);
  const last = Float32Array.of(0, 0, 8, 0, 0, 0);
  const found = (costOfMotion: number) =>
    run({ kernels: kernelSets[0] }, { ...shapeOf(1, 6, 1, 1, 0), costOfMotion }, { before, last }).out[11 * 2 + 5];
  expect([found(1), found(7.9), found(8)]).toEqual([-1, -1, 0]);
});
