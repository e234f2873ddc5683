import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { WarpShape } from './kernels/index.js';
import { runDifferentiable } from './operation.js';

/**
 * Computes for each pixel the weighted mean of K F displaced pixels of K frames: see kernels/warped-mixture.ts.
 * Differentiable in the motion and the frames. The gradient of a displacement is zero where its coordinate is clamped.
 * The caller disposes the result.
 * @param frames [batch, height, width, K * channels]
 * @param motion [batch, height, width, 3 K F]: displacements down, displacements to the right, logits of the weights
 * @returns [batch, height, width, channels]
 * @throws PxvError `USAGE` if a tensor does not fit `shape`
 */
export function warpedMixture(shape: WarpShape, frames: Tensor4D, motion: Tensor4D): Tensor4D {
  const numbers = { ...shape, batch: motion.shape[0] };
  return runDifferentiable('warpedMixture', numbers, { frames, motion }, () => {
    const { weights, y, x, at } = places(shape, motion);
    const flat = tf.reshape(frames, [frames.size / shape.channels, shape.channels]);
    const valueAt = (row: Tensor, column: Tensor): Tensor => tf.gather(flat, at(row, column));
    const [down, right] = [y.fraction, x.fraction].map((fraction) => tf.expandDims(fraction, 4));
    const left = valueAt(y.first, x.first);
    const lowerLeft = valueAt(y.second, x.first);
    const upper = tf.add(left, tf.mul(tf.sub(valueAt(y.first, x.second), left), right));
    const lower = tf.add(lowerLeft, tf.mul(tf.sub(valueAt(y.second, x.second), lowerLeft), right));
    const value = tf.add(upper, tf.mul(tf.sub(lower, upper), down));
    return tf.sum(tf.mul(tf.expandDims(weights, 4), value), 3);
  });
}

/**
 * Returns the weights and coordinates of the samples, and a function from row and column to a sample's pixel index
 * among all of [batch, height, width, frames].
 */
function places({ height, width, frames, flows, flowScale }: WarpShape, motion: Tensor4D) {
  const batch = motion.shape[0];
  const [downwards, rightwards, logits] = tf.split(motion, 3, 3);
  const y = placesOn(height, tf.add(tf.reshape(tf.range(0, height), [height, 1, 1]), tf.mul(downwards, flowScale)));
  const x = placesOn(width, tf.add(tf.reshape(tf.range(0, width), [width, 1]), tf.mul(rightwards, flowScale)));
  const image = tf.reshape(tf.range(0, batch, 1, 'int32'), [batch, 1, 1, 1]);
  const frame = tf.floorDiv(tf.range(0, frames * flows, 1, 'int32'), tf.scalar(flows, 'int32'));
  const times = (index: Tensor, factor: number) => tf.mul(index, tf.scalar(factor, 'int32'));
  const at = (row: Tensor, column: Tensor): Tensor => {
    const pixel = tf.add(times(tf.add(times(image, height), row), width), column);
    return tf.add(times(pixel, frames), frame);
  };
  return { weights: tf.softmax(logits), y, x, at };
}

/** Returns the two pixels around each coordinate along an axis, and the fraction between them. */
function placesOn(size: number, coordinates: Tensor) {
  const places = tf.clipByValue(coordinates, 0, size - 1);
  // An index has no gradient, and tfjs refuses to make one: given no tensors, this stands apart from the tape.
  const apart = tf.customGrad(() => ({
    value: tf.cast(tf.floor(tf.minimum(places, Math.max(size - 2, 0))), 'int32'),
    gradFunc: () => [],
  }));
  const first = apart();
  return {
    first,
    second: tf.minimum(tf.add(first, tf.scalar(1, 'int32')), tf.scalar(size - 1, 'int32')),
    fraction: tf.sub(places, tf.cast(first, 'float32')),
  };
}
