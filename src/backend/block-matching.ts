import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import {
  MATCHED_FEATURES,
  MAX_MOTION_CHANGE,
  MOTION_COSTS,
  NEIGHBOURS,
  type BlockMatchingShape,
} from './kernels/index.js';
import { runWithoutGradient } from './operation.js';
import { warpedMixture } from './warp.js';

/**
 * Parameters of block matching, in pixels. `reach`: maximum motion, down or across. `margin`: half size of a block, of
 * 2 margin + 1 pixels a side.
 */
export const BLOCK_MATCHING = { reach: 7, margin: 3 } as const satisfies Partial<BlockMatchingShape>;

/**
 * Estimates the motion of each pixel of the frame `last`: its offset to the match in the frame `before`, as
 * kernels/block-matching.ts defines it. Content that moved down has a negative offset down. There is no gradient, as
 * motion is a discrete choice. The caller disposes the result.
 * @param before, last [batch, height, width, channels], in levels
 * @returns [batch, height, width, 11]: offsets down at each of `NEIGHBOURS`, offsets to the right, in pixels, and a
 *   mean absolute difference, in levels
 * @throws PxvError `USAGE` if a shape does not match
 */
export function blockMatching(shape: BlockMatchingShape, before: Tensor4D, last: Tensor4D): Tensor4D {
  const numbers = { ...shape, ...MOTION_COSTS, batch: last.shape[0] };
  return runWithoutGradient('blockMatching', numbers, { before, last });
}

/**
 * Fits the motion of each pixel to its trajectory over several pairs of frames: see kernels/motion-trajectory.ts. There
 * is no gradient. Call `fitTrajectories` within `tf.tidy`.
 * @param pairs results of `blockMatching` for pairs of successive frames, newest pair first
 * @param existing number of first pairs whose frames exist, of each example; one pair counts in any case
 * @param steps number of frames from the newest one to the one to predict, 1 to 64, of each example
 * @returns features as of `blockMatching`
 */
export function fitTrajectories(
  pairs: readonly Tensor4D[],
  existing: readonly number[],
  steps: readonly number[],
): Tensor4D {
  const [batch, height, width] = pairs[0].shape;
  const numbers = { batch, height, width, pairs: pairs.length, maxChange: MAX_MOTION_CHANGE };
  const found = pairs.length === 1 ? pairs[0] : tf.concat<Tensor4D>([...pairs], 3);
  return runWithoutGradient('motionTrajectory', numbers, {
    found,
    existing: tf.tensor1d([...existing]),
    steps: tf.tensor1d([...steps]),
  });
}

/**
 * Extrapolates the motion of each pixel to a later frame: see kernels/motion-extrapolation.ts. There is no gradient.
 * @param found result of `blockMatching`
 * @param steps number of frames from the last known one to the later one, 1 to 64, of each example
 * @returns features as of `blockMatching`: displacements from the later frame back to the last known one
 */
export function extrapolateField(found: Tensor4D, steps: readonly number[]): Tensor4D {
  const [batch, height, width] = found.shape;
  return runWithoutGradient('motionExtrapolation', { batch, height, width }, { found, steps: tf.tensor1d([...steps]) });
}

/**
 * Extrapolates a frame by one step along its motion, with overlapped blocks (Orchard and Sullivan 1994). A pixel of the
 * result is the mean of five pixels of `frame`, displaced by its offset at each of `NEIGHBOURS` in `found`. The mean
 * hides block edges. Call `extrapolateMotion` within `tf.tidy`.
 * @param frame [batch, height, width, channels]; differentiable as in `warpedMixture`
 * @param found result of `blockMatching`
 * @throws PxvError `USAGE` if the shapes do not match
 */
export function extrapolateMotion(frame: Tensor4D, found: Tensor4D): Tensor4D {
  const [, height, width, channels] = frame.shape;
  const shape = { height, width, channels, frames: 1, flows: NEIGHBOURS.length, flowScale: 1 };
  return warpedMixture(shape, frame, matchedFeatures(found, equalShares));
}

/**
 * Source of one output of `matchedFeatures`: index of a feature of `blockMatching`, 0 to 10, and the factor by which
 * the feature is multiplied.
 */
export type MatchedFeature = readonly [feature: number, factor: number];

/** Features for `warpedMixture`: the motion of all neighbours, and zero logits for equal weights. */
const equalShares: readonly MatchedFeature[] = Array.from({ length: 3 * NEIGHBOURS.length }, (_, feature) =>
  feature < 2 * NEIGHBOURS.length ? [feature, 1] : [0, 0],
);

/**
 * Selects and scales features of block matching, by a matrix product. Unlike a convolution, a matrix product is in
 * float32 in every precision. Call `matchedFeatures` within `tf.tidy`.
 * @param found result of `blockMatching`
 * @param outputs source of each output feature
 * @returns [batch, height, width, outputs.length]
 */
export function matchedFeatures(found: Tensor4D, outputs: readonly MatchedFeature[]): Tensor4D {
  const factors = Array.from({ length: MATCHED_FEATURES }, (_, row) =>
    outputs.map(([feature, factor]) => (feature === row ? factor : 0)),
  );
  const pixels = tf.reshape<Rank.R2>(found, [found.size / MATCHED_FEATURES, MATCHED_FEATURES]);
  const [batch, height, width] = found.shape;
  return tf.reshape<Rank.R4>(tf.matMul(pixels, tf.tensor2d(factors)), [batch, height, width, outputs.length]);
}
