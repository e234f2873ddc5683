import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';

/**
 * What is expected of a frame that several strides lead to: the mean of what is expected at each.
 * @param expected at each stride, [batch, height, width, features], or the sum over some; zero where a stride counts for nothing
 * @param counts how many strides each is of, for each example [batch, 1, 1, 1]; default: one
 * @param divided the sum over how many count
 */
export function meanOverStrides(
  expected: readonly Tensor4D[],
  counts: readonly Tensor4D[] = expected.map(() => tf.ones<Rank.R4>([1, 1, 1, 1])),
  divided: (sum: Tensor4D, count: Tensor4D) => Tensor4D = tf.div,
): Tensor4D {
  return divided(tf.addN([...expected]), tf.addN([...counts]));
}
