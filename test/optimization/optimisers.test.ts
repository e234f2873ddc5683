import * as tf from '@tensorflow/tfjs-core';
import { optimisers, type Optimiser } from '../../src/optimization/optimisers.js';
import { fastest } from '../backend/implementations.js';
import { randomFloats } from '../random.js';

beforeAll(() => tf.setBackend(fastest));

const rate = 0.01;
const scale = 0.3;
const steps = 4;
const start = randomFloats(20, 1);
const gradients = Array.from({ length: steps }, (_, step) => randomFloats(20, step + 2));

/** Weights after the steps, as the papers have them, in float64. */
const asPublished = {
  // Kingma and Ba 2014, algorithm 1.
  adam(weight: number, gradientAt: (step: number) => number): number {
    let m = 0;
    let v = 0;
    for (let t = 1; t <= steps; t++) {
      const g = scale * gradientAt(t - 1);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g ** 2;
      weight -= (rate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    }
    return weight;
  },
  // Tieleman and Hinton 2012, lecture 6.5.
  rmsprop(weight: number, gradientAt: (step: number) => number): number {
    let v = 0;
    for (let step = 0; step < steps; step++) {
      const g = scale * gradientAt(step);
      v = 0.99 * v + 0.01 * g ** 2;
      weight -= (rate * g) / (Math.sqrt(v) + 1e-8);
    }
    return weight;
  },
};

test.each(['adam', 'rmsprop'] as const)('%s moves weights by scaled gradients as its authors say', (name) => {
  const optimiser: Optimiser = optimisers[name];
  const weight = tf.tidy(() => {
    let weight: tf.Tensor = tf.tensor1d(start);
    let state = optimiser.stateNames.map(() => tf.zerosLike(weight));
    for (const [index, gradient] of gradients.entries()) {
      const settings = { learningRate: rate, step: index + 1 };
      ({ weight, state } = optimiser.update(settings, weight, tf.tensor1d(gradient), tf.scalar(scale), state));
    }
    return weight.dataSync();
  });
  for (const [at, value] of weight.entries())
    expect(value).toBeCloseTo(
      asPublished[name](start[at], (step) => gradients[step][at]),
      5,
    );
});
