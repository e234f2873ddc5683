import { templateCosts, type KernelNumbers } from '../../src/backend/kernels/index.js';
import { templateMatching } from '../../src/backend/template-matching.js';
import { randomFloats } from '../random.js';
import { describeEach, kernelSets } from './implementations.js';
import { testKernel } from './kernel-suite.js';
import * as reference from './template-matching-reference.js';

type MatchingNumbers = KernelNumbers<'templateMatching'>;

const shapeOf = (
  [height, width]: [number, number],
  channels: number,
  references: number,
  reach: number,
  margin: number,
  batch = 1,
): MatchingNumbers => {
  return { batch, height, width, channels, references, reach, margin, ...templateCosts(channels, 256) };
};

/** With how far the image is moved from one reference to the one before, and how strong the noise upon it is, in levels. */
const CASES: { name: string; numbers: MatchingNumbers; moved: [down: number, right: number]; noise: number }[] = [
  { name: 'one pixel', numbers: shapeOf([1, 1], 1, 1, 2, 1), moved: [0, 0], noise: 9 },
  { name: 'one row', numbers: shapeOf([1, 13], 3, 2, 3, 2, 2), moved: [0, 2], noise: 3 },
  { name: 'one column', numbers: shapeOf([11, 1], 1, 1, 3, 2), moved: [-2, 0], noise: 3 },
  { name: 'odd sizes in colour', numbers: shapeOf([9, 11], 3, 2, 3, 3, 2), moved: [2, -1], noise: 5 },
  { name: 'the smallest template', numbers: shapeOf([6, 9], 1, 1, 1, 1), moved: [1, 0], noise: 1 },
  { name: 'no reach', numbers: shapeOf([5, 6], 3, 3, 0, 1), moved: [1, 1], noise: 1 },
  { name: 'nothing alike', numbers: shapeOf([7, 8], 1, 4, 2, 2), moved: [40, 0], noise: 90 },
];

/** Pictures of waves that move, and one more with noise; not whole levels. */
const waves = CASES.map(({ name, numbers, moved, noise }) => {
  const { batch, height, width, channels, references: count } = numbers;
  const level = (pixel: number, c: number, ago: number) => {
    const [y, x] = [Math.floor(pixel / width) % height, pixel % width].map((at, k) => at + ago * moved[k]);
    return 128 + 60 * Math.sin(0.7 * x + c) + 60 * Math.cos(0.9 * y + 0.3 * x);
  };
  const pixels = batch * height * width;
  const image = randomFloats(pixels * channels, 1 + noise).map((value, at) => {
    const clean = level(Math.floor(at / channels), at % channels, 0);
    return Math.min(255, Math.max(0, clean + noise * value));
  });
  const references = Float32Array.from({ length: pixels * count * channels }, (_, at) => {
    const ago = 1 + (Math.floor(at / channels) % count);
    return level(Math.floor(at / channels / count), at % channels, ago);
  });
  return { name, numbers, inputs: { image, references } };
});

/** What costs most, of an odd count of places: no cost may be carried over into another. */
const largest = (() => {
  const numbers = shapeOf([9, 20], 3, 3, 6, 3);
  const board = (each: number, levels: [number, number]) =>
    Float32Array.from({ length: 180 * each }, (_, at) => {
      const pixel = Math.floor(at / each);
      return levels[(Math.floor(pixel / 20) + (pixel % 20)) % 2];
    });
  const boards = { image: board(3, [0, 255]), references: board(9, [255, 0]) };
  const flat = { image: board(3, [0, 0]), references: board(9, [255, 255]) };
  return [
    { name: 'the largest differences, of boards', numbers, inputs: boards },
    { name: 'the largest differences everywhere', numbers, inputs: flat },
  ];
})();

const run = testKernel('templateMatching', {
  // In float64, rounded once; a spread is the root of a difference of sums.
  tolerance: 2e-7,
  cases: [...waves, ...largest],
  reference: (shape, { image, references }) => ({
    out: reference.templateMatching(shape, shape.batch, image, references),
  }),
  tensors: (shape, { image, references }) => ({ out: templateMatching(shape, image, references) }),
  expects: ['image', 'references'],
  isConstant: true,
  sameBits: 'all',
});

describeEach((implementation) =>
  test('a pixel is found by those before it, whatever stands there and after it', () => {
    const { numbers, inputs } = waves[3];
    const { width, channels } = numbers;
    const before = run(implementation, numbers, inputs).out;
    const pixel = 4 * width + 5;
    const image = inputs.image.map((level, at) => (at === pixel * channels ? 255 - level : level));
    const after = run(implementation, numbers, { ...inputs, image }).out;
    const features = 2 * (2 * channels + 3);
    const differs = Array.from({ length: before.length / features }, (_, at) => at).filter((at) =>
      before.subarray(at * features, (at + 1) * features).some((value, k) => value !== after[at * features + k]),
    );
    // Drawn by hand: the pixels that have the changed one, row 4 and column 5, in their template.
    const rows = ['......xxx..', '..xxxxxxx..', '..xxxxxxx..', '..xxxxxxx..'];
    const allowed = rows.flatMap((row, down) =>
      [...row].flatMap((mark, x) => (mark === 'x' ? [(4 + down) * width + x] : [])),
    );
    expect(differs.filter((at) => !allowed.includes(at))).toEqual([]);
    expect(differs.length).toBeGreaterThan(15);
  }),
);

test('a picture that moved is found where it went, and noise tells how surely', () => {
  const texture = randomFloats(30 * 30 * 3, 5).map((value) => Math.round(127 + 127 * value));
  const cut = (top: number, left: number) =>
    Float32Array.from({ length: 16 * 20 * 3 }, (_, at) => {
      const [y, x] = [Math.floor(at / 3 / 20) + top, (Math.floor(at / 3) % 20) + left];
      return texture[(y * 30 + x) * 3 + (at % 3)];
    });
  const inputs = { image: cut(5, 5), references: cut(3, 8) };
  const { out } = run({ kernels: kernelSets[0] }, shapeOf([16, 20], 3, 1, 4, 3), inputs);
  const pixel = 10 * 20 + 10;
  const level = Array.from(inputs.image.subarray(3 * pixel, 3 * pixel + 3));
  // Two rows down and three to the left: five pixels of distance are all that it costs.
  expect(Array.from(out.subarray(9 * pixel, 9 * pixel + 7))).toEqual([...level, ...level, 0]);
  expect(out[9 * pixel + 7]).toBeCloseTo(15 / 415, 6);
  expect(out[9 * pixel + 8]).toBeGreaterThan(0.9);
});

test('costs keep their proportion to the range of levels, and one place always counts', () => {
  expect(templateCosts(3, 256)).toEqual({ costOfDistance: 3, smallCost: 60, usualCost: 400 });
  expect(templateCosts(1, 256)).toEqual({ costOfDistance: 1, smallCost: 20, usualCost: 133 });
  expect(templateCosts(1, 2)).toEqual({ costOfDistance: 1, smallCost: 4, usualCost: 4 });
});
