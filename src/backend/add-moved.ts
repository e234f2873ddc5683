import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { expectShape, hasKernels, runKernel } from './operation.js';

/**
 * The sum of two maps, the second moved down by some rows (up where negative), zeros coming in. It is a piece for an
 * operation that brings its own gradient: it is not differentiable by the tape.
 *
 * @param a [batch, height, width, features]; zero where null
 * @param b as a
 */
export function addMoved(a: Tensor4D | null, b: Tensor4D, rows: number): Tensor4D {
  if (a !== null) expectShape('addMoved', 'a', a, b.shape);
  const [batch, height, width, features] = b.shape;
  if (hasKernels()) {
    const numbers = { batch, length: height * width * features, offset: rows * width * features };
    return runKernel('addMoved', numbers, { a, b }).out as Tensor4D;
  }
  const [down, up] = [rows, -rows].map((count) => Math.min(Math.max(count, 0), height));
  return tf.tidy(() => {
    const kept = tf.slice(b, [0, up, 0, 0], [batch, height - down - up, width, features]);
    const moved: Tensor4D = tf.pad(kept, [[0, 0], [down, up], [0, 0], [0, 0]]); // prettier-ignore
    return a === null ? moved : tf.add(a, moved);
  });
}
