import { tf } from '../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import {
  blockMatching,
  BLOCK_MATCHING,
  extrapolateField,
  extrapolateMotion,
  matchedFeatures,
  type MatchedFeature,
} from '../backend/block-matching.js';
import { MATCHED_FEATURES, NEIGHBOURS } from '../backend/kernels/index.js';
import type { ImageShape } from '../foundation/levels.js';
import { DIFFERENCE_GAIN, type ContextTensors } from './context/context-tensors.js';

/** Maximum number of pairs of successive frames, the last ones, to match: two show how motion changes. */
const MAX_PAIRS = 2;
/** Motion in pixels that a trunk reads as 1. */
const PIXELS_OF_UNIT = 4;

/**
 * Motion between successive context frames, estimated by block matching, and the last known frame extrapolated along
 * the motion.
 */
export interface BlockMotion {
  /**
   * Last known frame, warped along its motion to the time of the frame to predict: [batch, height, width, channels], in
   * levels.
   */
  onward: Tensor4D;
  /**
   * Feature maps to add to a trunk's inputs, `blockMotionPlanes` features in all. First, for each of the last two pairs
   * of successive known frames, newest pair first: offsets down and to the right, as `blockMatching` finds them,
   * divided by 4 pixels, and matching error. Then the change from the last context frame to `onward`. All changes and
   * errors are scaled as differences between frames.
   */
  planes: Tensor4D[];
}

/** Returns the total number of features of `BlockMotion.planes`. @param context number of context frames, 2 or more */
export function blockMotionPlanes(context: number, { channels }: Pick<ImageShape, 'channels'>): number {
  return 3 * pairsOf(context) + channels;
}

function pairsOf(context: number): number {
  return Math.min(MAX_PAIRS, context - 1);
}

/**
 * Estimates the motion between known context frames by block matching, as a network of few layers learns motion only in
 * long training. Then extrapolates the last known frame along its motion, by one step for the next frame and one more
 * for each expected frame between. Call `blockMotion` within `tf.tidy`.
 * @param network shape of the images
 * @param context two context frames or more
 * @param scaled the context frames scaled to -1..1
 */
export function blockMotion(network: ImageShape, context: ContextTensors, scaled: readonly Tensor4D[]): BlockMotion {
  const { size, channels, levels } = network;
  const { frames, expected } = context.known ?? { ...context, expected: [0] };
  const half = (levels - 1) / 2;
  const newest = frames.length - 1;
  const pairs = Array.from({ length: pairsOf(frames.length) }, (_, ago) =>
    blockMatching({ ...size, channels, ...BLOCK_MATCHING }, frames[newest - ago - 1], frames[newest - ago]),
  );
  const steps = Array.from({ length: scaled[0].shape[0] }, (_, example) => 1 + (expected[example] ?? expected[0]));
  // One warp along motion that each content carries with it: repeated warps blur.
  const onward = extrapolateMotion(frames[newest], extrapolateField(pairs[0], steps));
  const change = tf.sub(tf.div(tf.sub(onward, half), half), scaled[newest]);
  const features = trunkFeatures(half);
  return {
    onward,
    planes: [...pairs.map((pair) => matchedFeatures(pair, features)), tf.mul<Tensor4D>(change, DIFFERENCE_GAIN)],
  };
}

/**
 * Returns the features of block matching that a trunk reads of a pair, with their scales: a pixel's own motion, and the
 * remaining difference in the range of a frame's.
 */
function trunkFeatures(half: number): readonly MatchedFeature[] {
  return [
    [0, 1 / PIXELS_OF_UNIT],
    [NEIGHBOURS.length, 1 / PIXELS_OF_UNIT],
    [MATCHED_FEATURES - 1, DIFFERENCE_GAIN / half],
  ];
}
