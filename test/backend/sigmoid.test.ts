import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { sigmoidCrossEntropy } from '../../src/backend/losses.js';
import { randomFloats, randomInts } from '../random.js';
import { describeEach } from './implementations.js';
import { testKernel } from './kernel-suite.js';
import * as reference from './reference.js';

const cases = [1, 3, 5, 16, 17, 48, 1000].map((rows) => ({
  name: `${rows} rows`,
  numbers: { rows },
  inputs: {
    logits: randomFloats(rows, 1).map((value) => 5 * value),
    targets: randomInts(rows, 2, 2),
    dNats: randomFloats(rows, 3),
  },
}));

const run = testKernel('sigmoidCrossEntropy', {
  tolerance: 3e-7,
  cases,
  reference: ({ rows }, { logits, targets }) => ({ nats: reference.sigmoidCrossEntropy(logits, targets, rows) }),
  tensors: ({ rows }, { logits, targets }) => ({ nats: sigmoidCrossEntropy(tf.reshape(logits, [rows, 1]), targets) }),
});

const runGradient = testKernel('sigmoidCrossEntropyGradient', {
  tolerance: 3e-7,
  cases,
  reference: ({ rows }, { logits, targets, dNats }) => ({
    dLogits: reference.gradientByRows(
      rows,
      1,
      logits,
      (row, i) => dNats[i] * reference.sigmoidCrossEntropy(row, [targets[i]], 1)[0],
    ),
  }),
  tensors: ({ rows }, { logits, targets, dNats }) => ({
    dLogits: tf.grad((x) => sigmoidCrossEntropy(x as Tensor2D, targets))(tf.reshape(logits, [rows, 1]), dNats),
  }),
});

describeEach((implementation) =>
  test.each([1000, 80, 30, 15])('logits of %i either way lose no digit of what is small', (logit) => {
    const inputs = { logits: Float32Array.of(logit, logit, -logit, -logit), targets: Int32Array.of(0, 1, 0, 1) };
    const { nats } = run(implementation, { rows: 4 }, inputs);
    const dNats = Float32Array.of(1, 1, 1, 1);
    const { dLogits } = runGradient(implementation, { rows: 4 }, { ...inputs, dNats });
    // Where the level is as good as certain, nats and gradient are both e^-logit.
    const small = Math.exp(-logit);
    const near = (value: number, expected: number) =>
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected));
    [logit, small, small, logit].forEach((expected, i) => near(nats[i], expected));
    [1, -small, small, -1].forEach((expected, i) => near(dLogits[i], expected));
  }),
);
