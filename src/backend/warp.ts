import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { WarpShape } from './kernels/index.js';
import { expectShape, hasKernels, runKernel } from './operation.js';

/**
 * A mixture of moved frames, pixel by pixel: see kernels/warped-mixture.ts. Differentiable in the motion and in the frames.
 *
 * @param frames [batch, height, width, K * channels]
 * @param motion [batch, height, width, 3 K F]: vertical displacements, horizontal ones, logits
 * @returns [batch, height, width, channels]
 */
export function warpedMixture(shape: WarpShape, frames: Tensor4D, motion: Tensor4D): Tensor4D {
  const { height, width, channels, flows } = shape;
  const batch = motion.shape[0];
  expectShape('warpedMixture', 'frames', frames, [batch, height, width, shape.frames * channels]);
  expectShape('warpedMixture', 'motion', motion, [batch, height, width, 3 * shape.frames * flows]);
  const operation = tf.customGrad((...args) => {
    const save = args[2] as unknown as (tensors: Tensor[]) => void;
    save([frames, motion]);
    const gradFunc = (dOut: Tensor, saved: unknown) => {
      const [frames, motion] = saved as Tensor4D[];
      return [framesGradient(shape, motion, dOut as Tensor4D), gradient(shape, frames, motion, dOut as Tensor4D)];
    };
    return { value: forward(shape, frames, motion), gradFunc };
  });
  return operation(frames, motion);
}

function forward(shape: WarpShape, frames: Tensor4D, motion: Tensor4D): Tensor4D {
  if (hasKernels())
    return runKernel('warpedMixture', { ...shape, batch: motion.shape[0] }, { frames, motion }).out as Tensor4D;
  return tf.tidy(() => {
    const { weights, value } = samples(shape, frames, motion);
    return tf.sum(tf.mul(tf.expandDims(weights, 4), value), 3);
  });
}

/** See native/kernels/warped_mixture.h for the rule. */
function gradient(shape: WarpShape, frames: Tensor4D, motion: Tensor4D, dOut: Tensor4D): Tensor4D {
  if (hasKernels()) {
    const numbers = { ...shape, batch: motion.shape[0] };
    return runKernel('warpedMixtureGradient', numbers, { frames, motion, dOut }).dMotion as Tensor4D;
  }
  return tf.tidy(() => {
    const { weights, value, down, right, y, x } = samples(shape, frames, motion);
    const [values, downs, rights] = [value, down, right].map((one) => tf.sum(tf.mul(one, tf.expandDims(dOut, 3)), 4));
    const mean = tf.sum(tf.mul(weights, values), 3, true);
    const moved = tf.mul(weights, shape.flowScale);
    return tf.concat4d(
      [
        tf.mul(tf.mul(moved, downs), y.isInside),
        tf.mul(tf.mul(moved, rights), x.isInside),
        tf.mul(weights, tf.sub(values, mean)),
      ] as Tensor4D[],
      3,
    );
  });
}

/** See native/kernels/warped_mixture.h for the rule. */
function framesGradient(shape: WarpShape, motion: Tensor4D, dOut: Tensor4D): Tensor4D {
  if (hasKernels()) {
    const numbers = { ...shape, batch: motion.shape[0] };
    return runKernel('warpedMixtureFramesGradient', numbers, { motion, dOut }).dFrames as Tensor4D;
  }
  const { height, width, channels, frames } = shape;
  return tf.tidy(() => {
    const { weights, y, x, at } = places(shape, motion);
    const given = tf.mul(tf.expandDims(weights, 4), tf.expandDims(dOut, 3));
    const [down, right] = [y.fraction, x.fraction].map((fraction) => tf.expandDims(fraction, 4));
    const [up, left] = [down, right].map((share) => tf.sub(1, share));
    const added = [
      { pixels: at(y.first, x.first), share: tf.mul(up, left) },
      { pixels: at(y.first, x.second), share: tf.mul(up, right) },
      { pixels: at(y.second, x.first), share: tf.mul(down, left) },
      { pixels: at(y.second, x.second), share: tf.mul(down, right) },
    ].map(({ pixels, share }) => {
      const values = tf.reshape(tf.mul(given, share), [pixels.size, channels]);
      const into = tf.reshape<Rank.R1>(tf.cast(pixels, 'int32'), [pixels.size]);
      return tf.unsortedSegmentSum(values, into, motion.shape[0] * height * width * frames);
    });
    return tf.reshape(tf.addN(added), [motion.shape[0], height, width, frames * channels]);
  });
}

/**
 * The weights [batch, height, width, n], the samples and their derivatives with respect to y and x
 * [batch, height, width, n, channels], and where they lie.
 */
function samples(shape: WarpShape, frames: Tensor4D, motion: Tensor4D) {
  const { weights, y, x, at } = places(shape, motion);
  const flat = tf.reshape(frames, [frames.size / shape.channels, shape.channels]);
  const valueAt = (row: Tensor, column: Tensor): Tensor => tf.gather(flat, at(row, column));
  const [downFraction, rightFraction] = [y.fraction, x.fraction].map((fraction) => tf.expandDims(fraction, 4));
  const left = valueAt(y.first, x.first);
  const lowerLeft = valueAt(y.second, x.first);
  const along = tf.sub(valueAt(y.first, x.second), left);
  const lowerAlong = tf.sub(valueAt(y.second, x.second), lowerLeft);
  const upper = tf.add(left, tf.mul(along, rightFraction));
  const down = tf.sub(tf.add(lowerLeft, tf.mul(lowerAlong, rightFraction)), upper);
  const right = tf.add(along, tf.mul(tf.sub(lowerAlong, along), downFraction));
  const value = tf.add(upper, tf.mul(down, downFraction));
  return { weights, value, down, right, y, x };
}

/**
 * The weights of the samples, where they lie along each axis, and the index of a sample's pixel, from its row and column,
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

/** The two pixels along an axis that each coordinate lies between, how far on, and 1 where it was not clamped, else 0. */
function placesOn(size: number, coordinates: Tensor) {
  const places = tf.clipByValue(coordinates, 0, size - 1);
  const first = tf.cast(tf.floor(tf.minimum(places, Math.max(size - 2, 0))), 'int32');
  return {
    first,
    second: tf.minimum(tf.add(first, tf.scalar(1, 'int32')), tf.scalar(size - 1, 'int32')),
    fraction: tf.sub(places, tf.cast(first, 'float32')),
    isInside: tf.cast(tf.equal(places, coordinates), 'float32'),
  };
}
