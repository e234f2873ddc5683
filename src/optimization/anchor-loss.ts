import { tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { disposeInputs, type ConditioningInputs } from '../conditioning/index.js';
import { contextOfFrames, framesOfContext, type FrameBatch } from '../conditioning/context/context-tensors.js';
import type { Chain, ScaleScore } from '../model/chain.js';
import { meanOverStrides, StridedHistory, type Subsequence } from '../conditioning/context/history.js';
import { runConditioning } from '../model/network.js';

/** Places in clips from which frames are predicted one after another, each from those before. */
export interface RollOut {
  /** What is known before the first of them: every frame, and the other subsequences. */
  known: readonly KnownSubsequence[];
  /** The true frames, in levels, [batch, height, width, channels] each. */
  truth: readonly Tensor4D[];
}

/** The last known frames of a subsequence. */
export interface KnownSubsequence {
  subsequence: Subsequence;
  given: ConditioningInputs;
  /** 1 for each example that has enough of them to show motion, else 0: [batch, 1, 1, 1]. */
  counts: Tensor4D;
}

export function disposeRollOut({ known, truth }: RollOut): void {
  for (const { given } of known) disposeInputs(given);
  tf.dispose([...known.map(({ counts }) => counts), ...truth]);
}

/** The loss on the first anchor, the expected image, in nats: its logarithm lets still and moving clips count alike. */
export function anchorLoss({ anchors: [anchor], image }: Pick<ScaleScore, 'anchors' | 'image'>): Scalar {
  const errors = tf.mean(tf.squaredDifference(anchor, image), [1, 2, 3]);
  return tf.mean(tf.log1p(errors));
}

/**
 * The mean of `anchorLoss` over frames that are expected one after another, as `predict` expects them but not rounded.
 * Gradients go back through all of them.
 */
export function rollOutLoss(
  { scales: [network] }: Chain,
  weights: readonly Tensor[],
  { known, truth }: RollOut,
): Scalar {
  const exists = tf.onesLike(known[0].given.context!.noise);
  const strides = known.map(({ subsequence, given }) => {
    return { subsequence, context: { frames: framesOfContext(given.context!), known: null } };
  });
  const history = new StridedHistory<FrameBatch>(strides[0].context.frames.length, 0, strides);
  const startOf = new Map(known.map((start) => [start.subsequence, start]));
  const nats = truth.map((image) => {
    const leading = history.leading().map(({ subsequence, context }) => {
      return { context, start: startOf.get(subsequence)! };
    });
    const expected = leading.map(({ context, start: { given, counts } }) => {
      const { anchors } = runConditioning(network, weights, {
        context: contextOfFrames(context, given.context!.noise),
      })!;
      return tf.mul<Tensor4D>(anchors[0], counts);
    });
    const mean = meanOverStrides(
      expected,
      leading.map(({ start }) => start.counts),
    );
    history.addExpected({ levels: tf.clipByValue(mean, 0, network.description.levels - 1), exists });
    return anchorLoss({ anchors: [mean], image });
  });
  return tf.div(tf.addN(nats), nats.length);
}
