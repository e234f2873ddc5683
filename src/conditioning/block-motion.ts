import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import {
  blockMatching,
  BLOCK_MATCHING,
  extrapolateField,
  extrapolateMotion,
  fitTrajectories,
  matchedFeatures,
  type MatchedFeature,
} from '../backend/block-matching.js';
import { MATCHED_FEATURES, NEIGHBOURS } from '../backend/kernels/index.js';
import type { ImageShape } from '../foundation/levels.js';
import type { MatchedPairs } from './conditioning.js';
import { DIFFERENCE_GAIN, scaleLevels, type ContextTensors } from './context/context-tensors.js';

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
   * divided by 4 pixels, and matching error. With `trajectory`, the fitted motion of one step follows, at the pixels of
   * the frame to predict, down and to the right, divided by 4 pixels. Then the change from the last context frame to
   * `onward`. All changes and errors are scaled as differences between frames.
   */
  planes: Tensor4D[];
  /** Block matching of the known frames. */
  matched: MatchedPairs;
}

/** Settings of `blockMotion`. */
export interface BlockMotionSettings {
  /** Number of context frames, whose last pairs are features, 2 or more. */
  context: number;
  /** Number of pairs along which motion is fitted (see `fitTrajectories`). Default: the newest pair alone. */
  trajectory?: number | undefined;
}

/**
 * Returns the total number of features of `BlockMotion.planes`.
 */
export function blockMotionPlanes(
  { context, trajectory }: BlockMotionSettings,
  { channels }: Pick<ImageShape, 'channels'>,
): number {
  return 3 * pairsOf(context) + (trajectory === undefined ? 0 : 2) + channels;
}

function pairsOf(context: number): number {
  return Math.min(MAX_PAIRS, context - 1);
}

/**
 * Estimates the motion between known context frames by block matching, as a network of few layers learns motion only in
 * long training. Then extrapolates the last known frame along its motion, by one step for the next frame and one more
 * for each expected frame between. Call `blockMotion` within `tf.tidy`.
 * @param network shape of the images
 * @param context all context frames
 * @param last last context frame, scaled to -1..1
 * @param settings numbers of frames, 2 or more, and of pairs along which motion is fitted (see `fitTrajectories`)
 * @param before `matched` of the previous prediction, which is used again if the known frames are the same
 */
export function blockMotion(
  network: ImageShape,
  context: ContextTensors,
  last: Tensor4D,
  settings: BlockMotionSettings,
  before?: MatchedPairs,
): BlockMotion {
  const { levels } = network;
  const { frames, expected, missing } = context.known ?? { ...context, expected: [0] };
  const half = (levels - 1) / 2;
  const batch = last.shape[0];
  const steps = Array.from({ length: batch }, (_, example) => 1 + (expected[example] ?? expected[0]));
  const { context: count, trajectory } = settings;
  const existing = steps.map((_, example) => frames.length - 1 - (missing?.[example] ?? 0));
  const number = trajectory ?? pairsOf(count);
  const newest = frames[frames.length - 1];
  const matched =
    before?.newest === newest ? before : { pairs: matchPairs(network, frames.slice(-1 - number)), newest };
  const pairs = Array.from({ length: number }, (_, ago) =>
    tf.slice<Rank.R4, Tensor4D>(matched.pairs, [ago * batch, 0, 0, 0], [batch, -1, -1, -1]),
  );
  // One warp along motion that each content carries with it: repeated warps blur.
  const field = extrapolateField(trajectory === undefined ? pairs[0] : fitTrajectories(pairs, existing, steps), steps);
  const onward = extrapolateMotion(newest, field);
  const change = tf.sub(scaleLevels(network, onward), last);
  const features = trunkFeatures(half);
  return {
    onward,
    matched,
    planes: [
      ...pairs.slice(0, pairsOf(count)).map((pair) => matchedFeatures(pair, features)),
      ...(trajectory === undefined ? [] : [motionOfStep(field, steps)]),
      tf.mul<Tensor4D>(change, DIFFERENCE_GAIN),
    ],
  };
}

/** Returns the results of block matching of all pairs of successive frames, newest pair first, in one batch. */
function matchPairs({ size, channels }: ImageShape, frames: readonly Tensor4D[]): Tensor4D {
  const newestFirst = [...frames].reverse();
  const [last, before] = [newestFirst.slice(0, -1), newestFirst.slice(1)].map((some) => tf.concat<Tensor4D>(some, 0));
  return blockMatching({ ...size, channels, ...BLOCK_MATCHING }, before, last);
}

/** Returns the motion of one step, 2 features scaled as those of a pair, of an extrapolated field. */
function motionOfStep(field: Tensor4D, steps: readonly number[]): Tensor4D {
  const motion = matchedFeatures(field, trunkFeatures(1).slice(0, 2));
  return tf.div(motion, tf.tensor4d([...steps], [steps.length, 1, 1, 1]));
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
