import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { headOf, heads, type HeadDescription } from '../../src/model/heads/index.js';
import { greyPixel } from './grey-pixel.js';
import { implementations } from '../backend/implementations.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { referenceHeadNats } from './reference-network.js';
import { mixture, sigmoid, softmax } from './tiny-networks.js';

const backends = implementations.flatMap(({ backend }) => backend ?? []);

/** Beyond so many nats a probability is no float64 any more, and no sampler meets it. */
const LARGEST_NATS = 700;

interface HeadCase {
  title: string;
  head: HeadDescription;
  levels: number;
  anchor: number;
  outputs: ArrayLike<number>;
  /** Of nats, relative to 1 or to the nats, whichever is larger. */
  tolerance?: number;
}

/** Weight logits, mean offsets and log-scale offsets of a mixture of two. */
const two = (title: string, levels: number, anchor: number, outputs: number[]): HeadCase => ({
  title: `a mixture ${title}`,
  head: mixture,
  levels,
  anchor,
  outputs,
});

/** A mixture that starts from the middle level, as it does in a network that is given nothing. */
const unanchored = (levels: number, outputs: ArrayLike<number>): HeadCase => ({
  title: `a mixture without an anchor over ${levels} levels`,
  head: { type: 'logistic-mixture', components: outputs.length / 3, meanScale: (levels - 1) / 2 },
  levels,
  anchor: (levels - 1) / 2,
  outputs,
});

const logit = (x: number): HeadCase => ({
  title: `a sigmoid of logit ${x}`,
  head: sigmoid,
  levels: 2,
  anchor: 0,
  outputs: [x],
});

const cases: HeadCase[] = [
  ...[2, 3, 16, 255, 256].map((levels) => ({
    title: `a softmax over random logits of ${levels} levels`,
    head: softmax,
    levels,
    anchor: 0,
    outputs: randomFloats(levels, levels),
  })),
  {
    title: 'a softmax over large logits',
    head: softmax,
    levels: 256,
    anchor: 0,
    outputs: randomFloats(256, 2).map((x) => 300 * x),
  },
  ...[0, 0.7, -3, 20, -20, 90, -90, 1000].map(logit),
  two('around its anchor', 256, 100, [0.3, -0.2, 0.1, -0.4, 0.5, -0.5]),
  // A scale of a twentieth of a level makes the rounding of the mean to float32 count twenty times.
  { ...two('with the smallest scales', 256, 100, [0, 0, 0.03, 5, -100, -100]), tolerance: 3e-4 },
  two('with the largest scales', 256, 100, [0, 1, 0, 1, 100, 100]),
  two('with means far below 0', 256, 0, [0, 0, -60, -30, 3, 4]),
  two('with means far above 255', 256, 255, [0, 0, 60, 30, 3, 4]),
  two('whose anchor is at the first level', 256, 0, [0, 0, 0, 0, -1, 0]),
  two('whose anchor is at the last level', 256, 255, [0, 0, 0, 0, -1, 0]),
  two('one of whose components has hardly any weight', 256, 128, [40, -40, 0, 3, 0, 0]),
  two('over 2 levels', 2, 0.5, [0, 0.5, 0.02, -0.01, -1, 0]),
  two('over 2 levels, with means far outside', 2, 1, [0, 0, 20, -20, 0, 1]),
  ...[2, 3, 16, 255, 256].map((levels) => unanchored(levels, randomFloats(15, levels))),
];

/** The distribution as the sampler sees it; the outputs stand behind others. */
function distributionOf({ head, levels, anchor, outputs }: HeadCase): Float64Array {
  const into = new Float64Array(levels);
  const values = Float32Array.from([9, 9, 9, ...Array.from(outputs)]);
  headOf(head).distribution(head, levels, greyPixel(values, 3, anchor), 0, 1, into);
  return into;
}

/** The outputs once for each of `rows` rows. */
function repeated({ outputs }: HeadCase, rows: number): Float32Array {
  return Float32Array.from({ length: rows * outputs.length }, (_, at) => outputs[at % outputs.length]);
}

/** Nats of some levels, on the backend in use, as a function of the outputs for each. */
function natsOf({ head, levels, anchor }: HeadCase, targets: number[]): (outputs: Tensor2D) => Tensor1D {
  return (outputs) => {
    const [column, anchors] = [
      tf.tensor2d(targets, [targets.length, 1], 'int32'),
      tf.fill([targets.length, 1], anchor),
    ];
    return tf.reshape(headOf(head).nats(head, levels, outputs, column, anchors as Tensor2D), [-1]);
  };
}

const allLevels = ({ levels }: HeadCase) => Array.from({ length: levels }, (_, level) => level);

/** Where -log of a distribution is not the nats of the levels, one line for each level. */
function disagreements(given: HeadCase, probabilities: Float64Array): string[] {
  const targets = allLevels(given);
  const rows = tf.tensor2d(repeated(given, targets.length), [targets.length, given.outputs.length]);
  const nats = natsOf(given, targets)(rows);
  const received = nats.dataSync();
  tf.dispose([rows, nats]);
  return targets.flatMap((level) => {
    if (received[level] > LARGEST_NATS) return probabilities[level] < 1e-300 ? [] : [`level ${level}: no longer 0`];
    const expected = -Math.log(probabilities[level]);
    const error = Math.abs(received[level] - expected) / Math.max(1, expected);
    const isClose = error <= (given.tolerance ?? 2e-5);
    return isClose ? [] : [`level ${level}: -log p ${expected}, nats ${received[level]}`];
  });
}

test.each(cases)('the distribution of $title sums to one', (given) => {
  const probabilities = distributionOf(given);
  expect(probabilities.every((p) => p >= 0)).toBe(true);
  expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  expect(probabilities.length).toBe(given.levels);
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test.each(cases)('the nats of every level are -log of the distribution of $title', (given) => {
    expect(disagreements(given, distributionOf(given))).toEqual([]);
  });

  test('nats that are not those of the distribution are found', () => {
    const here = two('here', 256, 100, [0.3, -0.2, 0.1, -0.4, 0.5, -0.5]);
    expect(disagreements(here, distributionOf({ ...here, anchor: 101 })).length).toBeGreaterThan(200);
    expect(disagreements(logit(0.7), distributionOf(logit(-0.7)))).toHaveLength(2);
  });

  test.each(cases)('the gradients of the nats are those of the float64 reference: $title', (given) => {
    checkGradient({ name: given.title, ...gradientCase(given), step: 1e-5, tolerance: given.tolerance ?? 1e-4 });
  });

  test('a gradient that is one percent off is found', () => {
    const { x, gradient, value } = gradientCase(logit(0.7));
    const check = { name: 'off', x, value, gradient: gradient.map((partial) => 1.01 * partial) };
    expect(() => checkGradient(check)).toThrow('off: gradient');
  });
});

/** The gradient of a weighted sum of the nats of up to seven levels, and that sum in float64. */
function gradientCase(given: HeadCase) {
  const { head, levels, anchor, outputs } = given;
  const probabilities = distributionOf(given);
  // The reference is a quotient of probabilities, so it needs some that are numbers.
  const possible = allLevels(given).filter((level) => probabilities[level] > 1e-100);
  const targets = possible.filter((_, i) => i % Math.ceil(possible.length / 6) === 0 || i === possible.length - 1);
  const dNats = randomFloats(targets.length, 4, 0.1);
  const x = repeated(given, targets.length);
  const gradient = tf.tidy(() =>
    tf
      .grad((rows) => natsOf(given, targets)(rows as Tensor2D))(
        tf.tensor2d(x, [targets.length, outputs.length]),
        tf.tensor1d(dNats),
      )
      .dataSync<'float32'>(),
  );
  const anchors = targets.map(() => anchor);
  const value = (rows: Float64Array) =>
    referenceHeadNats(head, levels, rows, targets, anchors).reduce((sum, nats, i) => sum + dNats[i] * nats, 0);
  return { x, gradient, value };
}

test('the two sides of a mixture are equally exact: probabilities mirror around the mean', () => {
  const probabilities = distributionOf(two('in the middle', 256, 127.5, [0, 0, 0, 0, -1, -1]));
  for (let level = 0; level < 128; level++) {
    expect(Math.log(probabilities[level])).toBeCloseTo(Math.log(probabilities[255 - level]), 9);
  }
});

describe('a mixture without an anchor', () => {
  const likeliest = (given: HeadCase) => {
    const probabilities = distributionOf(given);
    return probabilities.indexOf(Math.max(...probabilities));
  };
  /** One narrow logistic at an output for its mean. */
  const at = (levels: number, mean: number) => unanchored(levels, [0, mean, -4]);

  test('has the whole range in reach of outputs from -1 to 1, with 2 to 256 levels', () => {
    for (let levels = 2; levels <= 256; levels++) {
      expect([-1, 1].map((mean) => likeliest(at(levels, mean)))).toEqual([0, levels - 1]);
      const middle = likeliest(at(levels, 0.001));
      expect(middle).toBe(Math.round((levels - 1) / 2));
    }
  });

  test('has only the middle of it with the mean scale of one that has an anchor', () => {
    const near = (mean: number): HeadCase => ({
      ...at(256, mean),
      head: { type: 'logistic-mixture', components: 1, meanScale: 16 },
    });
    expect([-0.98, 0.98].map((mean) => likeliest(near(mean)))).toEqual([112, 143]);
  });
});

test('a sigmoid tells 2 levels apart, the others 256', () => {
  expect(Object.values(heads).map(({ type, maxLevels }) => [type, maxLevels])).toEqual([
    ['softmax', 256],
    ['sigmoid', 2],
    ['logistic-mixture', 256],
  ]);
});
