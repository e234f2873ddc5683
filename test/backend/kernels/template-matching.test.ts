import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { readEarlierPixels } from '../../../src/backend/earlier-pixels.js';
import type { KernelNumbers } from '../../../src/backend/kernels/index.js';
import { checkGradient } from '../../gradient-check.js';
import { randomFloats } from '../../random.js';
import { expectClose } from '../comparison.js';
import { describeEach, kernelSets } from '../implementations.js';
import { testKernel } from '../kernel-suite.js';
import * as reference from '../template-matching-reference.js';

type MatchingNumbers = KernelNumbers<'templateMatching'>;

const GAIN = 1 / 16;

const shapeOf = (height: number, width: number, channels: number, references: number, batch = 1): MatchingNumbers => {
  return { batch, height, width, channels, references, highest: 255, gain: GAIN };
};

/**
 * With how far the image is moved from one reference to the one before, and how strong the noise upon it is, in levels.
 */
const CASES: {
  name: string;
  numbers: MatchingNumbers;
  moved: [down: number, right: number];
  noise: number;
  searched?: number[];
}[] = [
  { name: 'one pixel', numbers: shapeOf(1, 1, 1, 1), moved: [0, 0], noise: 9 },
  { name: 'one row', numbers: shapeOf(1, 13, 3, 2, 2), moved: [0, 2], noise: 3 },
  { name: 'one column', numbers: shapeOf(11, 1, 1, 1), moved: [-2, 0], noise: 3 },
  { name: 'odd sizes in colour', numbers: shapeOf(9, 11, 3, 2, 2), moved: [2, -1], noise: 5 },
  { name: 'one of three not searched', numbers: shapeOf(4, 6, 1, 3, 3), moved: [1, 0], noise: 1, searched: [1, 0, 1] },
  {
    name: 'more pixels than a thread takes',
    numbers: shapeOf(31, 37, 1, 1, 2),
    moved: [1, 1],
    noise: 1,
    searched: [0, 1],
  },
  { name: 'nothing alike', numbers: shapeOf(7, 8, 1, 4), moved: [40, 0], noise: 90 },
  { name: 'four levels', numbers: { ...shapeOf(6, 7, 3, 1), highest: 3 }, moved: [1, 0], noise: 0.2 },
];

/** Pictures of waves that move, and one more with noise; not whole levels. */
const waves = CASES.map(({ name, numbers, moved, noise, searched }) => {
  const { batch, height, width, channels, references: count, highest } = numbers;
  const level = (pixel: number, c: number, ago: number) => {
    const y = (Math.floor(pixel / width) % height) + ago * moved[0];
    const x = (pixel % width) + ago * moved[1];
    return (highest * (128 + 60 * Math.sin(0.7 * x + c) + 60 * Math.cos(0.9 * y + 0.3 * x))) / 255;
  };
  const pixels = batch * height * width;
  const image = randomFloats(pixels * channels, 1 + noise).map((value, at) => {
    const clean = level(Math.floor(at / channels), at % channels, 0);
    return Math.min(highest, Math.max(0, clean + noise * value));
  });
  const references = Float32Array.from({ length: pixels * count * channels }, (_, at) => {
    const ago = 1 + (Math.floor(at / channels) % count);
    return level(Math.floor(at / channels / count), at % channels, ago);
  });
  const expected = randomFloats(pixels * channels, 2).map((value) => (highest / 2) * (value + 1));
  return {
    name,
    numbers,
    inputs: { image, expected, references, searched: searched ? Float32Array.from(searched) : null },
  };
});

/** What costs most, of an odd count of places: no cost may be carried over into another. */
const largest = (() => {
  const numbers = shapeOf(9, 20, 3, 3);
  const board = (each: number, levels: [number, number]) =>
    Float32Array.from({ length: 180 * each }, (_, at) => {
      const pixel = Math.floor(at / each);
      return levels[(Math.floor(pixel / 20) + (pixel % 20)) % 2];
    });
  const expected = board(3, [100, 100]);
  const searched = null;
  const boards = { image: board(3, [0, 255]), expected, references: board(9, [255, 0]), searched };
  const flat = { image: board(3, [0, 0]), expected, references: board(9, [255, 255]), searched };
  return [
    { name: 'the largest differences, of boards', numbers, inputs: boards },
    { name: 'the largest differences everywhere', numbers, inputs: flat },
  ];
})();

const run = testKernel('templateMatching', {
  // What is found is rounded to float32 before what is expected is taken away: 2^-17 levels, times the gain.
  tolerance: 1e-6,
  cases: [...waves, ...largest],
  reference: (shape, { image, expected, references, searched }) => ({
    out: reference.templateInput(
      shape,
      reference.matchTemplates(shape, shape.batch, image, references),
      expected,
      searched,
    ),
  }),
  tensors: (shape, inputs) => ({ out: readEarlierPixels('templateMatching', shape, inputs) }),
  expects: ['image', 'expected', 'references', 'searched'],
  sameBits: 'all',
});

const gradients = waves.map(({ name, numbers, inputs }) => {
  const found = reference.matchTemplates(numbers, numbers.batch, inputs.image, inputs.references);
  const read = Float32Array.from(reference.templateInput(numbers, found, inputs.expected, inputs.searched));
  return { name, numbers, inputs: { read, dOut: randomFloats(read.length, 3) }, given: inputs, found };
});

testKernel('templateMatchingGradient', {
  tolerance: 3e-7,
  cases: gradients,
  reference: (numbers, { read, dOut }) => ({ dExpected: reference.templateGradient(numbers, read, dOut) }),
  sameBits: 'all',
});

test.each(gradients)('the reference gradient of $name equals finite differences', (one) => {
  const { name, numbers, inputs, given, found } = one;
  const value = (expected: ArrayLike<number>) =>
    reference
      .templateInput(numbers, found, expected, given.searched)
      .reduce((sum, value, at) => sum + value * inputs.dOut[at], 0);
  checkGradient({
    name,
    value,
    x: given.expected,
    gradient: reference.templateGradient(numbers, inputs.read, inputs.dOut),
  });
});

describeEach(() =>
  test.each(gradients)('the gradient of the tape with respect to what is expected: $name', ({ name, ...one }) =>
    tf.tidy(() => {
      const { numbers, inputs, given } = one;
      const { batch, height, width, channels, references } = numbers;
      const tensor = (values: Float32Array, features: number) =>
        tf.tensor4d(values.slice(), [batch, height, width, features]);
      const read = (expected: tf.Tensor) =>
        readEarlierPixels('templateMatching', numbers, {
          image: tensor(given.image, channels),
          expected: expected as tf.Tensor4D,
          references: tensor(given.references, references * channels),
          searched: given.searched && tf.tensor4d(given.searched, [batch, 1, 1, 1]),
        });
      const dOut = tensor(inputs.dOut, inputs.dOut.length / batch / height / width);
      const gradient = tf.grad(read)(tensor(given.expected, channels), dOut).dataSync();
      const expected = reference.templateGradient(numbers, inputs.read, inputs.dOut);
      expectClose(name, 3e-7, expected, Float32Array.from(gradient));
    }),
  ),
);

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

test.each(kernelSets)('$instructionSet takes what is no level for the nearest one, and NaN for 0', (kernels) => {
  const pictures = (values: number[]) => Float32Array.from({ length: 6 * 7 }, (_, at) => values[at % values.length]);
  const found = (values: number[]) => {
    const [image, references] = [pictures(values), pictures(values.toReversed())];
    return run({ kernels }, shapeOf(6, 7, 1, 1), { image, expected: pictures([100]), references, searched: null }).out;
  };
  const levels = [255, 9, 255, 255, 7, 0, 0, 200, 0];
  expect(found([Infinity, 9, 1e10, 256, 7, -Infinity, -1e10, 200, NaN])).toEqual(found(levels));
});

test('a picture that moved is found where it went, and noise tells how surely', () => {
  const texture = randomFloats(30 * 30 * 3, 5).map((value) => Math.round(127 + 127 * value));
  const cut = (top: number, left: number) =>
    Float32Array.from({ length: 16 * 20 * 3 }, (_, at) => {
      const y = Math.floor(at / 3 / 20) + top;
      const x = (Math.floor(at / 3) % 20) + left;
      return texture[(y * 30 + x) * 3 + (at % 3)];
    });
  const image = cut(5, 5);
  // Nothing is expected: what is read are the levels found.
  const inputs = { image, expected: new Float32Array(image.length), references: cut(3, 8), searched: null };
  const { out } = run({ kernels: kernelSets[0] }, shapeOf(16, 20, 3, 1), inputs);
  const pixel = 10 * 20 + 10;
  const read = out.subarray(9 * pixel, 9 * pixel + 9);
  // Two rows down and three to the left: five pixels of distance, 3 each, are all that it costs.
  expect(read[7]).toBeCloseTo(15 / 415, 6);
  expect(read[8]).toBeGreaterThan(0.9);
  const fits = (1 - 15 / 415) ** 2;
  const level = Array.from(image.subarray(3 * pixel, 3 * pixel + 3));
  [...level, ...level, 0].forEach((expected, k) => expect(read[k]).toBeCloseTo(expected * GAIN * fits, 4));
});

test('costs keep their proportion to the range of levels, and one place always counts', () => {
  // A pixel alone fits everywhere; then one that differs by a level from all places, beside it.
  const usual = (channels: number, highest: number) => {
    const numbers = { ...shapeOf(1, 2, channels, 1), highest };
    const [image, references] = [1, 0].map((level) => new Float32Array(2 * channels).fill(level));
    const { out } = run({ kernels: kernelSets[0] }, numbers, { image, expected: image, references, searched: null });
    const cost = out[2 * (2 * channels + 3) - 2];
    return (6 * channels) / cost - 6 * channels;
  };
  expect(usual(3, 255)).toBeCloseTo(400, 3);
  expect(usual(1, 255)).toBeCloseTo(133, 3);
  expect(usual(1, 1)).toBeCloseTo(4, 5);
});
