import { readEarlierPixels } from '../../../src/backend/earlier-pixels.js';
import { localRegressionFeatures, type KernelNumbers } from '../../../src/backend/kernels/index.js';
import { randomFloats } from '../../random.js';
import { describeEach, kernelSets } from '../implementations.js';
import { testKernel } from '../kernel-suite.js';
import * as reference from '../local-regression-reference.js';

const GAIN = Math.fround(1 / 16);

type RegressionNumbers = KernelNumbers<'localRegression'>;

const shapeOf = (height: number, width: number, channels: number, references: number, batch = 1): RegressionNumbers => {
  return { batch, height, width, channels, references, highest: 255, gain: GAIN };
};

/** With how strong the noise upon the image is, in levels. */
const CASES: { name: string; numbers: RegressionNumbers; noise: number; searched?: number[] }[] = [
  { name: 'one pixel', numbers: shapeOf(1, 1, 1, 1), noise: 9 },
  { name: 'one row', numbers: shapeOf(1, 13, 3, 2, 2), noise: 3 },
  { name: 'one column', numbers: shapeOf(11, 1, 1, 1), noise: 3 },
  { name: 'odd sizes in colour', numbers: shapeOf(7, 9, 3, 2, 2), noise: 5 },
  { name: 'three references in grey', numbers: shapeOf(6, 9, 1, 3), noise: 1 },
  { name: 'one of two not searched', numbers: shapeOf(5, 6, 3, 1, 2), noise: 3, searched: [0, 1] },
  { name: 'four levels', numbers: { ...shapeOf(6, 7, 3, 1), highest: 3 }, noise: 0.2 },
  { name: 'noise alone, to the ends of the range', numbers: shapeOf(7, 8, 1, 2), noise: 300 },
];

/** A picture that lies off what is expected as its neighbours do, and noise upon it. */
const cases = CASES.map(({ name, numbers, noise, searched }) => {
  const { batch, height, width, channels, references: count, highest } = numbers;
  const pixels = batch * height * width;
  const wave = (pixel: number, c: number, phase: number) => {
    const y = Math.floor(pixel / width) % height;
    const x = pixel % width;
    return highest * (0.5 + 0.2 * Math.sin(0.7 * x + c + phase) + 0.2 * Math.cos(0.9 * y + 0.3 * x - phase));
  };
  const inRange = (level: number) => Math.min(highest, Math.max(0, level));
  const of = (each: number, level: (pixel: number, k: number) => number) =>
    Float32Array.from({ length: pixels * each }, (_, at) => inRange(level(Math.floor(at / each), at % each)));
  const noises = randomFloats(pixels * channels, 1 + noise);
  const inputs = {
    image: of(channels, (pixel, c) => wave(pixel, c, 0) + noise * noises[pixel * channels + c]),
    expected: of(channels, (pixel, c) => wave(pixel, c, 0.2)),
    references: of(channels * count, (pixel, k) => wave(pixel, k % channels, 0.1 + 0.2 * Math.floor(k / channels))),
    searched: searched ? Float32Array.from(searched) : null,
  };
  return { name, numbers, inputs };
});

const run = testKernel('localRegression', {
  // In float64, rounded once; equations are solved in another way there.
  tolerance: 1e-6,
  cases,
  reference(shape, { image, expected, references, searched }) {
    const regressed = reference.localRegression(shape, shape.batch, image, expected, references);
    const isSought = (at: number) => searched?.[Math.floor((at * shape.batch) / regressed.length)] !== 0;
    const nothing = (at: number) => (at % (2 * shape.channels) < shape.channels ? 0 : 1);
    return { out: regressed.map((value, at) => (isSought(at) ? value : nothing(at))) };
  },
  tensors: (shape, inputs) => ({ out: readEarlierPixels('localRegression', shape, inputs) }),
  expects: ['image', 'expected', 'references', 'searched'],
  isConstant: true,
  sameBits: 'all',
});

describeEach((implementation) =>
  test('of a pixel reads those before it, whatever stands there and after it', () => {
    const { numbers, inputs } = cases[3];
    const before = run(implementation, numbers, inputs).out;
    const pixel = 3 * numbers.width + 4;
    const image = inputs.image.map((level, at) => (at === pixel * numbers.channels ? 255 - level : level));
    const after = run(implementation, numbers, { ...inputs, image }).out;
    const features = localRegressionFeatures(numbers);
    const differs = Array.from({ length: before.length / features }, (_, at) => at).filter((at) =>
      before.subarray(at * features, (at + 1) * features).some((value, k) => value !== after[at * features + k]),
    );
    const later = Array.from({ length: numbers.height * numbers.width }, (_, at) => at).filter((at) => at > pixel);
    expect(differs).toEqual(later);
  }),
);

const [kernels] = kernelSets;

test('learns a gain of contrast that nothing told from the pixels before', () => {
  const last = randomFloats(576, 5).map((value) => 128 + 80 * value);
  // What is expected is the last picture at half its contrast; the image has all of it.
  const expected = last.map((level) => 64 + level / 2);
  const { out } = run({ kernels }, shapeOf(24, 24, 1, 1), { image: last, expected, references: last, searched: null });
  const errors = (from: number, to: number, feature: number) =>
    Array.from({ length: to - from }, (_, k) => from + k).map((pixel) =>
      Math.abs(last[pixel] - expected[pixel] - (feature < 0 ? 0 : out[4 * pixel + feature] / GAIN)),
    );
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const feature of [0, 2]) expect(mean(errors(288, 576, feature))).toBeLessThan(0.05 * mean(errors(288, 576, -1)));
  // It knows how well it does: of the first pixel nothing but what counts as seen before any was.
  expect(out[1]).toBeCloseTo(2 / 6, 6);
  for (const feature of [1, 3]) expect(out[4 * 575 + feature]).toBeLessThan(0.25);
});

test('of a picture that is as expected nothing is moved', () => {
  const { numbers, inputs } = cases[3];
  const { out } = run({ kernels }, numbers, { ...inputs, image: inputs.expected });
  const features = localRegressionFeatures(numbers);
  expect(out.filter((_, at) => (at % features) % 6 < 3).every((value) => value === 0)).toBe(true);
});
