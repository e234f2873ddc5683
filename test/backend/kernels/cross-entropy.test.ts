import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { sigmoidCrossEntropy, softmaxCrossEntropy } from '../../../src/backend/losses.js';
import { randomFloats, randomInts } from '../../random.js';
import { describeEach } from '../implementations.js';
import { testKernel } from '../kernel-suite.js';
import * as reference from '../reference.js';

describe('of a softmax', () => {
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
});

describe('of a sigmoid', () => {
  const cases = [2, 3, 256].flatMap((levels) =>
    [1, 3, 5, 16, 17, 48, 1000].map((rows) => ({
      name: `${rows} rows of ${levels} levels`,
      numbers: { rows, levels },
      inputs: {
        logits: randomFloats(rows, 1).map((value) => 5 * value),
        targets: randomInts(rows, levels, 2),
        dNats: randomFloats(rows, 3),
      },
    })),
  );

  const run = testKernel('sigmoidCrossEntropy', {
    tolerance: 3e-7,
    cases,
    reference: ({ rows, levels }, { logits, targets }) => ({
      nats: reference.sigmoidCrossEntropy(logits, targets, rows, levels),
    }),
    tensors: ({ rows, levels }, { logits, targets }) => ({
      nats: sigmoidCrossEntropy(tf.reshape(logits, [rows, 1]), targets, levels),
    }),
  });

  const runGradient = testKernel('sigmoidCrossEntropyGradient', {
    tolerance: 3e-7,
    cases,
    reference: ({ rows, levels }, { logits, targets, dNats }) => ({
      dLogits: reference.gradientByRows(
        rows,
        1,
        logits,
        (row, i) => dNats[i] * reference.sigmoidCrossEntropy(row, [targets[i]], 1, levels)[0],
      ),
    }),
    tensors: ({ rows, levels }, { logits, targets, dNats }) => ({
      dLogits: tf.grad((x) => sigmoidCrossEntropy(x as Tensor2D, targets, levels))(
        tf.reshape(logits, [rows, 1]),
        dNats,
      ),
    }),
  });

  describeEach((implementation) =>
    test.each([1000, 80, 30, 15])('logits of %i either way lose no digit of what is small', (logit) => {
      const inputs = { logits: Float32Array.of(logit, logit, -logit, -logit), targets: Int32Array.of(0, 1, 0, 1) };
      const { nats } = run(implementation, { rows: 4, levels: 2 }, inputs);
      const dNats = Float32Array.of(1, 1, 1, 1);
      const { dLogits } = runGradient(implementation, { rows: 4, levels: 2 }, { ...inputs, dNats });
      // Where the level is as good as certain, nats and gradient are both e^-logit.
      const small = Math.exp(-logit);
      // WebGPU allows exp(x) an error of 3 + 2 |x| units in the last place.
      const tolerance = implementation.backend === 'webgpu' ? (3 + 2 * logit) * 2 ** -23 : 1e-6;
      const near = (value: number, expected: number) =>
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));
      [logit, small, small, logit].forEach((expected, i) => near(nats[i], expected));
      [1, -small, small, -1].forEach((expected, i) => near(dLogits[i], expected));
    }),
  );
});
