import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';

/**
 * What is expected of a frame that several strides lead to: the mean of what is expected at each.
 *
 * @param expected at each stride, [batch, height, width, features]
 * @param counts of each, 1 for the examples that it counts for, else 0: [batch, 1, 1, 1]; default: all count
 * @param divided the sum over how many count
 */
export function meanOverStrides(
  expected: readonly Tensor4D[],
  counts: readonly Tensor4D[] = expected.map(() => tf.ones<tf.Rank.R4>([1, 1, 1, 1])),
  divided: (sum: Tensor4D, count: Tensor4D) => Tensor4D = tf.div,
): Tensor4D {
  return divided(tf.addN(expected.map((image, at) => tf.mul<Tensor4D>(image, counts[at]))), tf.addN([...counts]));
}
