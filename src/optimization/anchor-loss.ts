import { tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConditioningInputs, ConditioningState } from '../conditioning/index.js';
import { disposeInputs } from '../conditioning/context/examples.js';
import {
  contextOfFrames,
  framesOfContext,
  joinContexts,
  type FrameBatch,
} from '../conditioning/context/context-tensors.js';
import type { Chain, ScaleScore } from '../model/chain.js';
import { meanOverStrides, StridedHistory, type Subsequence } from '../conditioning/context/history.js';
import { runConditioning } from '../model/network.js';

/** Batch of training examples for rollouts: known frames, and the true frames to predict one after another. */
export interface Rollout {
  /** Last known frames of each subsequence: stride 1 first, then the others. */
  known: readonly KnownSubsequence[];
  /** True frames to predict, in levels, [batch, height, width, channels] each. */
  truth: readonly Tensor4D[];
}

/** Last known frames of the examples' clips at the stride of a subsequence, as conditioning inputs. */
export interface KnownSubsequence {
  subsequence: Subsequence;
  conditioningInputs: ConditioningInputs;
  /** Weight in the mean over strides, [batch, 1, 1, 1]: 1 if enough frames are known to show motion, else 0. */
  counts: Tensor4D;
}

/** Disposes all tensors of a rollout's training examples. */
export function disposeRollout({ known, truth }: Rollout): void {
  for (const { conditioningInputs } of known) disposeInputs(conditioningInputs);
  tf.dispose([...known.map(({ counts }) => counts), ...truth]);
}

/**
 * Losses on an expected frame, by name: functions of the mean squared error of each example, in levels, and of the
 * number of levels.
 *
 * - `log-mse`: log(1 + MSE), which gives clips of small and of large motion similar weight. Where several futures are
 *   likely, it favours one of them over their mean: a small error of some examples outweighs large ones of others.
 * - `mse`: MSE in units of an eighth of the range, squared. Its minimum is the mean of all frames that may come.
 */
const anchorLosses = {
  'log-mse': (errors: Tensor): Tensor => tf.log1p(errors),
  mse: (errors: Tensor, levels: number): Tensor => tf.mul(errors, (8 / (levels - 1)) ** 2),
};

/** Name of a loss on the expected frame. */
export type AnchorLossName = keyof typeof anchorLosses;
/** Names of all losses on the expected frame, the default first. */
export const anchorLossNames = Object.keys(anchorLosses) as AnchorLossName[];

/** Frames to compare, and the number of their levels. */
interface AnchorLossInputs extends Pick<ScaleScore, 'anchors' | 'image'> {
  levels: number;
}

/**
 * Returns the loss on the first anchor, the expected frame: the mean over examples. Call `anchorLoss` within `tf.tidy`.
 * @param anchors first element: the expected frames, in levels, [batch, height, width, channels]
 * @param image true frames of the same shape
 * @param lossName name of the loss of each example
 */
export function anchorLoss({ anchors: [anchor], image, levels }: AnchorLossInputs, lossName: AnchorLossName): Scalar {
  const difference = tf.sub<Tensor4D>(anchor, image);
  const errors = tf.mean(tf.mul(difference, difference), [1, 2, 3]);
  return tf.mean(anchorLosses[lossName](errors, levels));
}

/**
 * Predicts the expected frames of a rollout one after another, from known frames and earlier expected frames. Returns
 * the mean of their `anchorLoss`. Expected frames are clipped but not rounded to levels, so that gradients flow through
 * all frames. All strides that lead to a frame are computed in one batch. At stride 1 alone, the state of the
 * conditioning goes on from frame to frame, so that a GRU reads each frame once. Its state then also depends on frames
 * that have left the context. Call `rolloutLoss` within `tf.tidy`.
 * @param chain chain that can predict at several strides (see `canPredictAtStrides`)
 * @param weights tensors in the order of the chain's parameters
 * @param rollout known frames, and true frames to compare with
 * @param lossName name of the loss on each expected frame
 */
export function rolloutLoss(
  { scales: [network] }: Chain,
  weights: readonly Tensor[],
  { known, truth }: Rollout,
  lossName: AnchorLossName,
): Scalar {
  const { levels } = network.description;
  const exists = tf.onesLike(known[0].conditioningInputs.context!.noise);
  const strides = known.map(({ subsequence, conditioningInputs }) => {
    return { subsequence, context: { frames: framesOfContext(conditioningInputs.context!), known: null } };
  });
  const history = new StridedHistory<FrameBatch>(strides[0].context.frames.length, 0, strides);
  const startOf = new Map(known.map((start) => [start.subsequence, start]));
  // At several strides the batch changes from frame to frame, as not every stride leads to every frame.
  let state: ConditioningState | undefined = known.length === 1 ? {} : undefined;
  const nats = truth.map((image) => {
    const leading = history.leading().map(({ subsequence, context }) => {
      const { conditioningInputs, counts } = startOf.get(subsequence)!;
      return { context: contextOfFrames(context, conditioningInputs.context!.noise), counts };
    });
    const context = joinContexts(leading.map(({ context }) => context));
    const { anchors, state: next } = runConditioning(network, weights, { context, state })!;
    const [frames] = anchors;
    state = next;
    // Alone, the prediction at stride 1 counts once in every example.
    const mean =
      leading.length === 1
        ? frames
        : meanOverStrides(
            tf
              .split<Tensor4D>(frames, leading.length, 0)
              .map((frame, stride) => tf.mul<Tensor4D>(frame, leading[stride].counts)),
            leading.map(({ counts }) => counts),
          );
    history.addExpected({ levels: tf.clipByValue(mean, 0, levels - 1), exists });
    return anchorLoss({ anchors: [mean], image, levels }, lossName);
  });
  return tf.div(tf.addN(nats), nats.length);
}
