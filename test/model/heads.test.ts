import * as tf from '@tensorflow/tfjs-core';
import { headOf, type HeadDescription } from '../../src/model/heads/index.js';
import { implementations } from '../backend/implementations.js';
import { randomFloats } from '../random.js';
import { mixture, softmax } from './tiny-networks.js';

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

const cases: HeadCase[] = [
  { title: 'a softmax over random logits', head: softmax, levels: 256, anchor: 0, outputs: randomFloats(256, 1) },
  {
    title: 'a softmax over large logits',
    head: softmax,
    levels: 256,
    anchor: 0,
    outputs: randomFloats(256, 2).map((x) => 300 * x),
  },
  { title: 'a softmax over 2 levels', head: softmax, levels: 2, anchor: 0, outputs: [3, -4] },
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
];

/** The distribution as the sampler sees it; the outputs stand behind others. */
function distributionOf({ head, levels, anchor, outputs }: HeadCase): Float64Array {
  const into = new Float64Array(levels);
  const values = Float32Array.from([9, 9, 9, ...Array.from(outputs)]);
  headOf(head).distribution(head, levels, values, 3, anchor, into);
  return into;
}

test.each(cases)('the distribution of $title sums to one', (given) => {
  const probabilities = distributionOf(given);
  expect(probabilities.every((p) => p >= 0)).toBe(true);
  expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
});

describe.each(backends)('on %s', (backend) => {
  test.each(cases)('the nats of every level are -log of the distribution of $title', async (given) => {
    await tf.setBackend(backend);
    const { head, levels, anchor, outputs, tolerance = 2e-5 } = given;
    const probabilities = distributionOf(given);
    const rows = Float32Array.from({ length: levels * outputs.length }, (_, at) => outputs[at % outputs.length]);
    const nats = tf.tidy(() =>
      headOf(head)
        .nats(
          head,
          levels,
          tf.tensor2d(rows, [levels, outputs.length]),
          tf.range(0, levels, 1, 'int32'),
          tf.fill([levels], anchor),
        )
        .dataSync(),
    );
    probabilities.forEach((probability, level) => {
      if (nats[level] > LARGEST_NATS) return expect(probability).toBeLessThan(1e-300);
      const expected = -Math.log(probability);
      const error = Math.abs(nats[level] - expected) / Math.max(1, expected);
      if (!(error <= tolerance)) throw new Error(`level ${level}: -log p ${expected}, nats ${nats[level]}`);
    });
  });
});

test('the two sides of a mixture are equally exact: probabilities mirror around the mean', () => {
  const probabilities = distributionOf(two('in the middle', 256, 127.5, [0, 0, 0, 0, -1, -1]));
  for (let level = 0; level < 128; level++) {
    expect(Math.log(probabilities[level])).toBeCloseTo(Math.log(probabilities[255 - level]), 9);
  }
});
