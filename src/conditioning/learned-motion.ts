import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../backend/parameters.js';
import { runOutputLayer, outputLayerParameters } from './layers.js';
import { countWarpedFrames, WARPED_FRAMES, type WarpedFramesDescription } from './warped-frames-description.js';

/** Bound of the random initial displacements, in units of output, and initial log-odds in favour of the last frame. */
const FIRST_FLOW = 0.17;
const FIRST_LOGIT = 5;

/** Returns the number of candidates of each frame: its displacements and, if used, the unmoved frame. */
export function countCandidates({ flows, still }: WarpedFramesDescription): number {
  return flows + (still ? 1 : 0);
}

/** Returns the parameters of the 1x1 layer from the trunk's features to the motion. */
export function motionParameters(description: WarpedFramesDescription): ParameterSpec[] {
  const { context, features, flows } = description;
  const frames = countWarpedFrames(description);
  const candidates = countCandidates(description);
  const displacements = 2 * frames * flows;
  const logits = frames * candidates;
  const ofLastFrame = displacements + (context - 1) * candidates;
  const biases = (uniform: () => number) =>
    Float32Array.from({ length: displacements + logits }, (_, output) => {
      if (output < displacements) return (2 * uniform() - 1) * FIRST_FLOW;
      return output >= ofLastFrame ? FIRST_LOGIT : 0;
    });
  return outputLayerParameters(`${WARPED_FRAMES}.motion`, features, displacements + logits, biases);
}

/**
 * Predicts the motion of K frames with C candidates each, [batch, height, width, 3 K C]: the displacements of all
 * candidates down, then to the right, in units of `warpedMixture`, then the logits of their weights. Call
 * `predictMotion` within `tf.tidy`.
 * @param features output of `runWarpedTrunk`
 * @param weights tensors in the order of `motionParameters`
 */
export function predictMotion(
  description: WarpedFramesDescription,
  features: Tensor4D,
  weights: readonly Tensor[],
): Tensor4D {
  const all = description.still ? weights.map((one) => withStill(description, one)) : weights;
  return runOutputLayer(features, all);
}

/** Returns the motion's weights or bias, [..., 2 K F + K (F + 1)], with a zero displacement added for each frame. */
function withStill(description: WarpedFramesDescription, motion: Tensor): Tensor {
  const { flows } = description;
  const frames = countWarpedFrames(description);
  const outputs = motion.shape[motion.rank - 1];
  const count = frames * flows;
  const rows = motion.size / outputs;
  const values = tf.reshape<Rank.R2>(motion, [rows, outputs]);
  const unmoved = tf.zeros<Rank.R2>([rows * frames, 1]);
  // The gradient of a slice pads with zeros, which tfjs does slowly; that of a split joins.
  const [down, right, logits] = tf.split<Tensor2D>(values, [count, count, count + frames], 1);
  const displacements = [down, right].map((ofFrames) => {
    const withZero = tf.concat([tf.reshape<Rank.R2>(ofFrames, [rows * frames, flows]), unmoved], 1);
    return tf.reshape<Rank.R2>(withZero, [rows, count + frames]);
  });
  return tf.reshape(tf.concat([...displacements, logits], 1), [...motion.shape.slice(0, -1), 3 * (count + frames)]);
}
