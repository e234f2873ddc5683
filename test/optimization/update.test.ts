import * as tf from '@tensorflow/tfjs-core';
import type { Optimiser } from '../../src/optimization/optimisers.js';
import { applyUpdate } from '../../src/optimization/update.js';
import { fastest } from '../backend/implementations.js';

beforeAll(() => tf.setBackend(fastest));

/** Subtracts scaled gradients, and counts updates. */
const plain: Optimiser = {
  stateNames: ['updates'],
  update: (_, weight, gradient, scale, [updates]) => ({
    weight: tf.sub(weight, tf.mul(gradient, scale)),
    state: [tf.add(updates, 1)],
  }),
};

/** Values of the weights and of the state after one update of the last two weights of three. */
function afterOne(gradients: number[][]): { weights: number[][]; state: number[][]; isSame: boolean; left: number } {
  const before = tf.memory().numTensors;
  const weights = [1, 2, 3].map((value) => tf.tensor1d([value, value]));
  const [untouched] = weights;
  const state = { weights, optimiser: [weights.map((weight) => tf.zerosLike(weight))] };
  const tensors = gradients.map((values) => tf.tensor1d(values));
  const made = { nats: tf.scalar(1), gradients: tensors, trained: [1, 2] };
  const { state: next } = applyUpdate(plain, { learningRate: 1, step: 1 }, state, made);
  const after = {
    weights: next.weights.map((tensor) => [...tensor.dataSync()]),
    state: next.optimiser[0].map((tensor) => [...tensor.dataSync()]),
    isSame: next.weights[0] === untouched,
  };
  tf.dispose([next.weights, next.optimiser]);
  return { ...after, left: tf.memory().numTensors - before };
}

test('weights that are trained are updated, and the others are the very same tensors', () => {
  const { weights, state, isSame, left } = afterOne([
    [0.5, 0],
    [0, 0.25],
  ]);
  expect(weights).toEqual([
    [1, 1],
    [1.5, 2],
    [3, 2.75],
  ]);
  expect(state).toEqual([
    [0, 0],
    [1, 1],
    [1, 1],
  ]);
  expect({ isSame, left }).toEqual({ isSame: true, left: 0 });
});

test('gradients whose norm over all weights is above 1 are scaled down to it', () => {
  const { weights } = afterOne([
    [3, 0],
    [0, 4],
  ]);
  expect(weights[1][0]).toBeCloseTo(2 - 3 / 5, 6);
  expect(weights[2][1]).toBeCloseTo(3 - 4 / 5, 6);
});

test.each([
  [[NaN, 0], [0, 1], 1],
  [[1, 0], [0, -Infinity], 2],
  [[3e38, 0], [0, 3e38], null],
])(
  'gradients %j and %j are refused, with the first weight whose gradient is not finite: %s',
  (second, third, index) => {
    const weights = [1, 2, 3].map((value) => tf.tensor1d([value, value]));
    const state = { weights, optimiser: [weights.map((weight) => tf.zerosLike(weight))] };
    const gradients = [second, third].map((values) => tf.tensor1d(values));
    const made = { nats: tf.scalar(1), gradients, trained: [1, 2] };
    const update = applyUpdate(plain, { learningRate: 1, step: 1 }, state, made);
    expect(update.firstNonFinite).toBe(index);
    expect(update.gradientNorm).not.toBeLessThan(Infinity);
    expect(update.state).toBe(state);
    tf.dispose([state.weights, state.optimiser]);
  },
);
