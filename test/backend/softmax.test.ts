import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { softmaxCrossEntropy } from '../../src/backend/losses.js';
import { randomFloats, randomInts } from '../random.js';
import { describeEach } from './implementations.js';
import { testKernel } from './kernel-suite.js';
import * as reference from './reference.js';

const sizes = [
  { rows: 1, levels: 2 },
  { rows: 7, levels: 17 },
  { rows: 5, levels: 256 },
];

const cases = sizes.map(({ rows, levels }) => ({
  name: `${rows} x ${levels}`,
  numbers: { rows, levels },
  inputs: {
    logits: randomFloats(rows * levels, 1).map((value) => 5 * value),
    targets: randomInts(rows, levels, 2),
    dNats: randomFloats(rows, 3),
  },
}));

const run = testKernel('softmaxCrossEntropy', {
  tolerance: 3e-7,
  cases,
  reference: ({ rows, levels }, { logits, targets }) => ({
    nats: reference.softmaxCrossEntropy(logits, targets, rows, levels),
  }),
  tensors: (_, { logits, targets }) => ({ nats: softmaxCrossEntropy(logits, targets) }),
  expects: ['targets'],
});

testKernel('softmaxCrossEntropyGradient', {
  tolerance: 3e-7,
  cases,
  reference: ({ rows, levels }, { logits, targets, dNats }) => ({
    dLogits: reference.gradientByRows(
      rows,
      levels,
      logits,
      (row, i) => dNats[i] * reference.softmaxCrossEntropy(row, [targets[i]], 1, levels)[0],
    ),
  }),
  tensors: (_, { logits, targets, dNats }) => ({
    dLogits: tf.grad((x) => softmaxCrossEntropy(x as Tensor2D, targets))(logits, dNats),
  }),
});

describeEach((implementation) =>
  test('logits of 1000 neither overflow nor lose the difference between them', () => {
    const inputs = { logits: Float32Array.of(1000, 998, -1000), targets: Int32Array.of(1) };
    const { nats } = run(implementation, { rows: 1, levels: 3 }, inputs);
    expect(nats[0]).toBeCloseTo(2 + Math.log1p(Math.exp(-2)), 4);
  }),
);
