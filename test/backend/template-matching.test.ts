import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core';
import { typescriptKernels } from '../../src/backend/typescript-kernels.js';
import { templateMatching } from '../../src/backend/template-matching.js';
import { type Kernels } from '../../src/backend/kernels.js';
import { templateCosts, templateTaps, type TemplateMatchingShape } from '../../src/backend/template-shape.js';
import { randomFloats } from '../random.js';
import * as reference from './template-matching-reference.js';
import { expectClose } from './comparison.js';
import { implementations, kernelSets, use } from './implementations.js';
import { addonSets, testThreads } from './threads.js';

interface MatchingCase {
  name: string;
  batch: number;
  shape: TemplateMatchingShape;
  /** How far the image is moved from one reference to the one before, and how strong the noise upon it is, in levels. */
  moved: [down: number, right: number];
  noise: number;
}

const shapeOf = (
  height: number,
  width: number,
  channels: number,
  references: number,
  reach: number,
  margin: number,
) => ({ height, width, channels, references, reach, margin, costs: templateCosts(channels, 256) });

const CASES: MatchingCase[] = [
  { name: 'one pixel', batch: 1, shape: shapeOf(1, 1, 1, 1, 2, 1), moved: [0, 0], noise: 9 },
  { name: 'one row', batch: 2, shape: shapeOf(1, 13, 3, 2, 3, 2), moved: [0, 2], noise: 3 },
  { name: 'one column', batch: 1, shape: shapeOf(11, 1, 1, 1, 3, 2), moved: [-2, 0], noise: 3 },
  { name: 'odd sizes in colour', batch: 2, shape: shapeOf(9, 11, 3, 2, 3, 3), moved: [2, -1], noise: 5 },
  { name: 'the smallest template', batch: 1, shape: shapeOf(6, 9, 1, 1, 1, 1), moved: [1, 0], noise: 1 },
  { name: 'no reach', batch: 1, shape: shapeOf(5, 6, 3, 3, 0, 1), moved: [1, 1], noise: 1 },
  { name: 'nothing alike', batch: 1, shape: shapeOf(7, 8, 1, 4, 2, 2), moved: [40, 0], noise: 90 },
];

/** Pictures of waves that move, and one more with noise; not whole levels. */
const TABLE = CASES.map(({ name, batch, shape, moved: [down, right], noise }) => {
  const { height, width, channels, references: count } = shape;
  const level = (pixel: number, c: number, ago: number) => {
    const [y, x] = [Math.floor(pixel / width) % height, pixel % width].map((at, k) => at + ago * [down, right][k]);
    return 128 + 60 * Math.sin(0.7 * x + c) + 60 * Math.cos(0.9 * y + 0.3 * x);
  };
  const pixels = batch * height * width;
  const noises = randomFloats(pixels * channels, 1 + noise);
  const image = noises.map((value, at) => {
    const clean = level(Math.floor(at / channels), at % channels, 0);
    return Math.min(255, Math.max(0, clean + noise * value));
  });
  const references = Float32Array.from({ length: pixels * count * channels }, (_, at) => {
    const ago = 1 + (Math.floor(at / channels) % count);
    return level(Math.floor(at / channels / count), at % channels, ago);
  });
  const expected = reference.templateMatching(shape, batch, image, references);
  return { name, batch, shape, image, references, expected };
});

type Inputs = Pick<MatchingCase, 'shape' | 'batch'> & Record<'image' | 'references', Float32Array>;

function run(kernels: Omit<Kernels, 'instructionSet'>, { shape, batch, image, references }: Inputs): Float32Array {
  const features = shape.references * (2 * shape.channels + 3);
  const out = new Float32Array(batch * shape.height * shape.width * features).fill(NaN);
  kernels.templateMatching(shape, batch, image, references, out);
  return out;
}

describe.each(implementations)('$name', (implementation) => {
  const { name: instructionSet, kernels } = implementation;
  beforeAll(() => use(implementation));

  test.each(TABLE)('finds what the definition finds: $name', ({ name, expected, ...inputs }) => {
    const received = run(kernels, inputs);
    expectClose({ operation: 'templateMatching', shape: name, instructionSet, expected, received });
  });

  test('gives the bits of every other', () => {
    for (const inputs of TABLE) expect(run(kernels, inputs)).toEqual(run(typescriptKernels, inputs));
  });

  test('a pixel is found by those before it, whatever stands there and after it', () => {
    const { shape, batch, image, references } = TABLE[3];
    const { width, channels } = shape;
    const before = run(kernels, { shape, batch, image, references });
    const pixel = 4 * width + 5;
    const changed = image.map((level, at) => (at === pixel * channels ? 255 - level : level));
    const after = run(kernels, { shape, batch, image: changed, references });
    const features = before.length / (batch * shape.height * width);
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
  });
});

test('a picture that moved is found where it went, and noise tells how surely', () => {
  const shape = shapeOf(16, 20, 3, 1, 4, 3);
  const texture = randomFloats(30 * 30 * 3, 5).map((value) => Math.round(127 + 127 * value));
  const cut = (top: number, left: number) =>
    Float32Array.from({ length: 16 * 20 * 3 }, (_, at) => {
      const [y, x] = [Math.floor(at / 3 / 20) + top, (Math.floor(at / 3) % 20) + left];
      return texture[(y * 30 + x) * 3 + (at % 3)];
    });
  const found = run(typescriptKernels, { shape, batch: 1, image: cut(5, 5), references: cut(3, 8) });
  const pixel = 10 * 20 + 10;
  const level = Array.from(cut(5, 5).subarray(3 * pixel, 3 * pixel + 3));
  // Two rows down and three to the left: five pixels of distance are all that it costs.
  expect(Array.from(found.subarray(9 * pixel, 9 * pixel + 7))).toEqual([...level, ...level, 0]);
  expect(found[9 * pixel + 7]).toBeCloseTo(15 / 415, 6);
  expect(found[9 * pixel + 8]).toBeGreaterThan(0.9);
});

test('costs of the largest differences, of an odd count of places, are not carried over into others', () => {
  const shape = shapeOf(9, 20, 3, 3, 6, 3);
  const board = (levels: [number, number]) => (_: unknown, at: number) => {
    const [row, column] = [Math.floor(at / 20), at % 20];
    return levels[(row + column) % 2];
  };
  const image = Float32Array.from({ length: 180 * 3 }, (_, at) => board([0, 255])(0, Math.floor(at / 3)));
  const references = Float32Array.from({ length: 180 * 9 }, (_, at) => board([255, 0])(0, Math.floor(at / 9)));
  const flat = { image: image.map(() => 0), references: references.map(() => 255) };
  for (const inputs of [{ image, references }, flat])
    for (const kernels of kernelSets)
      expectClose({
        ...{ operation: 'templateMatching', shape: 'the largest differences', instructionSet: kernels.instructionSet },
        expected: reference.templateMatching(shape, 1, inputs.image, inputs.references),
        received: run(kernels, { shape, batch: 1, ...inputs }),
      });
});

test('costs keep their proportion to the range of levels, and one place always counts', () => {
  expect(templateCosts(3, 256)).toEqual({ distance: 3, small: 60, usual: 400 });
  expect(templateCosts(1, 256)).toEqual({ distance: 1, small: 20, usual: 133 });
  expect(templateCosts(1, 2)).toEqual({ distance: 1, small: 4, usual: 4 });
});

test('nearer pixels of a template count for more, and none is the pixel itself or after it', () => {
  const drawn = Array.from({ length: 4 }, () => Array<number>(7).fill(0));
  for (const { dy, dx, weight } of templateTaps(3)) drawn[dy + 3][dx + 3] = weight;
  expect(drawn).toEqual([
    [1, 1, 1, 2, 1, 1, 1],
    [1, 1, 2, 3, 2, 1, 1],
    [1, 2, 3, 6, 3, 2, 1],
    [2, 3, 6, 0, 0, 0, 0],
  ]);
});

testThreads((kernels) => run(kernels, TABLE[3]));

(addonSets.length > 0 ? test : test.skip)('the addon refuses arrays that do not fit the shape', () => {
  const { shape, batch, image, references, expected } = TABLE[3];
  const out = Float32Array.from(expected);
  const [kernels] = addonSets;
  expect(() => kernels.templateMatching(shape, batch, image.slice(1), references, out)).toThrow(
    'templateMatching: image: expected 594 values ([2,9,11,3]), received 593',
  );
  expect(() => kernels.templateMatching(shape, batch, image, references.slice(1), out)).toThrow(
    'templateMatching: references',
  );
  expect(() => kernels.templateMatching(shape, batch, image, references, out.slice(1))).toThrow(
    'templateMatching: out',
  );
  expect(() => kernels.templateMatching({ ...shape, margin: 4 }, batch, image, references, out)).toThrow(
    'templateMatching: shape.margin: expected an integer from 1 to 3, received 4',
  );
});

const backends = implementations.filter(({ name }) =>
  ['tensors over typescript', 'composed form on cpu'].includes(name),
);

describe.each(backends)('on tensors, $name', (implementation) => {
  const { shape, batch, image, references } = TABLE[3];
  beforeAll(() => use(implementation));
  const inputs = (): Tensor4D[] =>
    [image, references].map((values) => tf.tensor4d(values, [batch, shape.height, shape.width, values.length / 198]));

  test('no gradient goes through what was chosen, and no tensor is left behind', () => {
    const tensors = tf.memory().numTensors;
    const [picture, others] = inputs();
    const loss = (x: Tensor4D) =>
      tf.tidy(() => tf.add<Scalar>(tf.sum(templateMatching(shape, x, others)), tf.sum(tf.mul(x, 3))));
    const gradient = tf.grad((x) => loss(x as Tensor4D))(picture);
    expect(Array.from(gradient.dataSync()).every((value) => value === 3)).toBe(true);
    tf.dispose([gradient, picture, others]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('tensors that do not fit the shape are refused', () => {
    const [picture, others] = inputs();
    expect(() => templateMatching({ ...shape, references: 1 }, picture, others)).toThrow(
      'templateMatching: references: expected shape [2, 9, 11, 3], received [2, 9, 11, 6]',
    );
    tf.dispose([picture, others]);
  });
});
