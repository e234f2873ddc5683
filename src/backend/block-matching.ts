import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { MATCHED_FEATURES, MOTION_COSTS, NEIGHBOURS, type BlockMatchingShape } from './kernels/index.js';
import { runWithoutGradient } from './operation.js';
import { warpedMixture } from './warp.js';

/** How far blocks are looked for, and how large they are. */
export const BLOCK_MATCHING = { reach: 7, margin: 3 } as const satisfies Partial<BlockMatchingShape>;

/**
 * Where each pixel of a frame came from in the frame before: see kernels/block-matching.ts. It is a choice among motions,
 * and so has no gradient.
 * @param before, last [batch, height, width, channels], in levels
 * @returns [batch, height, width, 11]
 */
export function blockMatching(shape: BlockMatchingShape, before: Tensor4D, last: Tensor4D): Tensor4D {
  const numbers = { ...shape, ...MOTION_COSTS, batch: last.shape[0] };
  return runWithoutGradient('blockMatching', numbers, { before, last });
}

/**
 * A frame moved on, as if the motion found went on in each place, with overlapped blocks (Orchard and Sullivan 1994): each
 * pixel is the mean of what its own motion and that of its neighbours bring there, so that blocks have no edges.
 * @param frame [batch, height, width, channels]; its gradient is that of `warpedMixture`
 * @param found what `blockMatching` gave
 */
export function extrapolateMotion(frame: Tensor4D, found: Tensor4D): Tensor4D {
  const [, height, width, channels] = frame.shape;
  const shape = { height, width, channels, frames: 1, flows: NEIGHBOURS.length, flowScale: 1 };
  return warpedMixture(shape, frame, matchedFeatures(found, equalShares));
}

/** One of the numbers of block matching, times a factor. */
export type MatchedFeature = readonly [feature: number, factor: number];

/** The motion of all neighbours, and the logits of a mixture of equal parts. */
const equalShares: readonly MatchedFeature[] = Array.from({ length: 3 * NEIGHBOURS.length }, (_, feature) =>
  feature < 2 * NEIGHBOURS.length ? [feature, 1] : [0, 0],
);

/** Some of the numbers found: a product of matrices, which is in float32 in every precision, unlike a convolution. */
export function matchedFeatures(found: Tensor4D, outputs: readonly MatchedFeature[]): Tensor4D {
  const factors = Array.from({ length: MATCHED_FEATURES }, (_, row) =>
    outputs.map(([feature, factor]) => (feature === row ? factor : 0)),
  );
  const pixels = tf.reshape<Rank.R2>(found, [found.size / MATCHED_FEATURES, MATCHED_FEATURES]);
  const [batch, height, width] = found.shape;
  return tf.reshape<Rank.R4>(tf.matMul(pixels, tf.tensor2d(factors)), [batch, height, width, outputs.length]);
}
