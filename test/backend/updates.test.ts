import * as tf from '@tensorflow/tfjs-core';
import { globalNorm } from '../../src/backend/updates.js';
import { randomFloats } from '../random.js';
import { implementations, use } from './implementations.js';

const arrays = [1, 7, 5000].map((length, index) => randomFloats(length, index + 1));
const squares = arrays.flatMap((values) => Array.from(values, (value) => value * value));
const expected = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));

test.each(implementations.filter(({ backend }) => backend !== null))(
  'the global norm of three tensors is that of all their values: $name',
  async (implementation) => {
    await use(implementation);
    const norm = tf.tidy(() => globalNorm(arrays.map((values) => tf.tensor1d(values.slice()))).dataSync()[0]);
    expect(Math.abs(norm / expected - 1)).toBeLessThan(1e-6);
    const withNaN = tf.tidy(() => globalNorm([tf.tensor1d([1, NaN])]).dataSync()[0]);
    expect(withNaN).toBeNaN();
  },
);
