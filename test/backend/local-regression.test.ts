import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core';
import { typescriptKernels } from '../../src/backend/typescript-kernels.js';
import { localRegression } from '../../src/backend/local-regression.js';
import { localRegressionFeatures, type LocalRegressionShape } from '../../src/backend/local-regression-shape.js';
import { type Kernels } from '../../src/backend/kernels.js';
import { randomFloats } from '../random.js';
import * as reference from './local-regression-reference.js';
import { expectClose } from './comparison.js';
import { implementations, use } from './implementations.js';
import { addonSets, testThreads } from './threads.js';

const GAIN = Math.fround(1 / 16);

interface RegressionCase {
  name: string;
  batch: number;
  shape: LocalRegressionShape;
  /** How strong the noise upon the image is, in levels. */
  noise: number;
}

const shapeOf = (height: number, width: number, channels: number, references: number, highest = 255) => ({
  ...{ height, width, channels, references, highest, gain: GAIN },
});

const CASES: RegressionCase[] = [
  { name: 'one pixel', batch: 1, shape: shapeOf(1, 1, 1, 1), noise: 9 },
  { name: 'one row', batch: 2, shape: shapeOf(1, 13, 3, 2), noise: 3 },
  { name: 'one column', batch: 1, shape: shapeOf(11, 1, 1, 1), noise: 3 },
  { name: 'odd sizes in colour', batch: 2, shape: shapeOf(7, 9, 3, 2), noise: 5 },
  { name: 'three references in grey', batch: 1, shape: shapeOf(6, 9, 1, 3), noise: 1 },
  { name: 'four levels', batch: 1, shape: shapeOf(6, 7, 3, 1, 3), noise: 0.2 },
  { name: 'noise alone, to the ends of the range', batch: 1, shape: shapeOf(7, 8, 1, 2), noise: 300 },
];

/** A picture that lies off what is expected as its neighbours do, and noise upon it. */
const TABLE = CASES.map(({ name, batch, shape, noise }) => {
  const { height, width, channels, references: count, highest } = shape;
  const pixels = batch * height * width;
  const wave = (pixel: number, c: number, phase: number) => {
    const [y, x] = [Math.floor(pixel / width) % height, pixel % width];
    return highest * (0.5 + 0.2 * Math.sin(0.7 * x + c + phase) + 0.2 * Math.cos(0.9 * y + 0.3 * x - phase));
  };
  const inRange = (level: number) => Math.min(highest, Math.max(0, level));
  const of = (each: number, level: (pixel: number, k: number) => number) =>
    Float32Array.from({ length: pixels * each }, (_, at) => inRange(level(Math.floor(at / each), at % each)));
  const noises = randomFloats(pixels * channels, 1 + noise);
  const image = of(channels, (pixel, c) => wave(pixel, c, 0) + noise * noises[pixel * channels + c]);
  const expected = of(channels, (pixel, c) => wave(pixel, c, 0.2));
  const references = of(channels * count, (pixel, k) =>
    wave(pixel, k % channels, 0.1 + 0.2 * Math.floor(k / channels)),
  );
  const found = reference.localRegression(shape, batch, image, expected, references);
  return { name, batch, shape, image, expected, references, found };
});

type Inputs = Pick<RegressionCase, 'shape' | 'batch'> & Record<'image' | 'expected' | 'references', Float32Array>;

function run(kernels: Omit<Kernels, 'instructionSet'>, { shape, batch, image, expected, references }: Inputs) {
  const out = new Float32Array(batch * shape.height * shape.width * localRegressionFeatures(shape)).fill(NaN);
  kernels.localRegression(shape, batch, image, expected, references, out);
  return out;
}

describe.each(implementations)('$name', (implementation) => {
  const { name: instructionSet, kernels } = implementation;
  beforeAll(() => use(implementation));

  test.each(TABLE)('finds what the definition finds: $name', ({ name, found, ...inputs }) => {
    const received = run(kernels, inputs);
    expectClose({ operation: 'localRegression', shape: name, instructionSet, expected: found, received });
  });

  test('gives the bits of every other', () => {
    for (const inputs of TABLE) expect(run(kernels, inputs)).toEqual(run(typescriptKernels, inputs));
  });

  test('of a pixel reads those before it, whatever stands there and after it', () => {
    const { shape, batch, image, expected, references } = TABLE[3];
    const before = run(kernels, { shape, batch, image, expected, references });
    const pixel = 3 * shape.width + 4;
    const changed = image.map((level, at) => (at === pixel * shape.channels ? 255 - level : level));
    const after = run(kernels, { shape, batch, image: changed, expected, references });
    const features = localRegressionFeatures(shape);
    const differs = Array.from({ length: before.length / features }, (_, at) => at).filter((at) =>
      before.subarray(at * features, (at + 1) * features).some((value, k) => value !== after[at * features + k]),
    );
    const later = Array.from({ length: shape.height * shape.width }, (_, at) => at).filter((at) => at > pixel);
    expect(differs).toEqual(later);
  });
});

test('learns a gain of contrast that nothing told from the pixels before', () => {
  const shape = shapeOf(24, 24, 1, 1);
  const texture = randomFloats(576, 5);
  const last = texture.map((value) => 128 + 80 * value);
  // What is expected is the last picture at half its contrast; the image has all of it.
  const expected = last.map((level) => 64 + level / 2);
  const found = run(typescriptKernels, { shape, batch: 1, image: last, expected, references: last });
  const errors = (from: number, to: number, feature: number) =>
    Array.from({ length: to - from }, (_, k) => from + k).map((pixel) =>
      Math.abs(last[pixel] - expected[pixel] - (feature < 0 ? 0 : found[4 * pixel + feature] / GAIN)),
    );
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const feature of [0, 2]) expect(mean(errors(288, 576, feature))).toBeLessThan(0.05 * mean(errors(288, 576, -1)));
  // It knows how well it does: of the first pixel nothing but what counts as seen before any was.
  expect(found[1]).toBeCloseTo(2 / 6, 6);
  for (const feature of [1, 3]) expect(found[4 * 575 + feature]).toBeLessThan(0.25);
});

test('of a picture that is as expected nothing is moved', () => {
  const { shape, batch, expected, references } = TABLE[3];
  const found = run(typescriptKernels, { shape, batch, image: expected, expected, references });
  const features = localRegressionFeatures(shape);
  expect(found.filter((_, at) => (at % features) % 6 < 3).every((value) => value === 0)).toBe(true);
});

testThreads((kernels) => run(kernels, TABLE[3]));

(addonSets.length > 0 ? test : test.skip)('the addon refuses arrays that do not fit the shape', () => {
  const { shape, batch, image, expected, references, found } = TABLE[3];
  const out = Float32Array.from(found);
  const [kernels] = addonSets;
  expect(() => kernels.localRegression(shape, batch, image.slice(1), expected, references, out)).toThrow(
    'localRegression: image: expected 378 values ([2,7,9,3]), received 377',
  );
  expect(() => kernels.localRegression(shape, batch, image, expected.slice(1), references, out)).toThrow(
    'localRegression: expected',
  );
  expect(() => kernels.localRegression(shape, batch, image, expected, references.slice(1), out)).toThrow(
    'localRegression: references',
  );
  expect(() => kernels.localRegression(shape, batch, image, expected, references, out.slice(1))).toThrow(
    'localRegression: out',
  );
  expect(() => kernels.localRegression({ ...shape, channels: 4 }, batch, image, expected, references, out)).toThrow(
    'localRegression: shape.channels: expected an integer from 1 to 3, received 4',
  );
});

const backends = implementations.filter(({ name }) =>
  ['tensors over typescript', 'composed form on cpu'].includes(name),
);

describe.each(backends)('on tensors, $name', (implementation) => {
  const { shape, batch, image, expected, references } = TABLE[3];
  beforeAll(() => use(implementation));
  const inputs = (): Tensor4D[] =>
    [image, expected, references].map((values) =>
      tf.tensor4d(values, [batch, shape.height, shape.width, values.length / 126]),
    );

  test('no gradient goes through what was regressed, and no tensor is left behind', () => {
    const tensors = tf.memory().numTensors;
    const [picture, anchor, others] = inputs();
    const loss = (x: Tensor4D) =>
      tf.tidy(() => tf.add<Scalar>(tf.sum(localRegression(shape, picture, x, others)), tf.sum(tf.mul(x, 3))));
    const gradient = tf.grad((x) => loss(x as Tensor4D))(anchor);
    expect(Array.from(gradient.dataSync()).every((value) => value === 3)).toBe(true);
    tf.dispose([gradient, picture, anchor, others]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('tensors that do not fit the shape are refused', () => {
    const [picture, anchor, others] = inputs();
    expect(() => localRegression({ ...shape, references: 1 }, picture, anchor, others)).toThrow(
      'localRegression: references: expected shape [2, 7, 9, 3], received [2, 7, 9, 6]',
    );
    tf.dispose([picture, anchor, others]);
  });
});
