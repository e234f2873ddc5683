import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { anchorLoss } from '../../src/optimization/anchor-loss.js';
import { fastest } from '../backend/implementations.js';
import { randomFloats } from '../random.js';

beforeAll(() => tf.setBackend(fastest));

test('the loss on the first anchor is the mean over images of the logarithm of one and the mean squared error', () => {
  const shape: [number, number, number, number] = [3, 2, 4, 3];
  const [expected, other, image] = [1, 2, 3].map((seed) => randomFloats(72, seed).map((value) => 20 * value));
  const tensor = (values: Float32Array): Tensor4D => tf.tensor4d(values, shape);
  const received = tf.tidy(
    () => anchorLoss({ anchors: [tensor(expected), tensor(other)], image: tensor(image) }).dataSync()[0],
  );
  const ofImage = [0, 1, 2].map((at) => {
    const places = Array.from({ length: 24 }, (_, i) => 24 * at + i);
    return Math.log(1 + places.reduce((sum, i) => sum + (expected[i] - image[i]) ** 2, 0) / 24);
  });
  expect(received).toBeCloseTo((ofImage[0] + ofImage[1] + ofImage[2]) / 3, 5);
});
