import { loadGradients, tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { hasLearnedAnchor, type ConditioningOutputs } from '../conditioning/index.js';
import {
  conditionChain,
  scoreChain,
  countSubPixels,
  selectScaleParameters,
  type Chain,
  type ScaleScore,
} from '../model/chain.js';
import type { Examples } from '../conditioning/context/examples.js';
import { runConditioning } from '../model/network.js';
import { anchorLoss, rolloutLoss, type AnchorLossName, type Rollout } from './anchor-loss.js';

/**
 * Part of the weights to train. 'all': all weights; 'conditioning': the weights of the conditioning, by the loss on the
 * expected frame alone; 'decoder': all other weights; a number: the weights of one scale of a chain, 0 the coarsest.
 */
export type TrainedPart = 'all' | 'conditioning' | 'decoder' | number;

/** Likelihood and gradients of a training step, or of a part of a step: see `StepSettings.whole`. */
export type Gradients = {
  /**
   * Mean -log P of a sub-pixel, in nats: the sum over the examples passed, divided by the number of sub-pixels of the
   * whole step. If only the conditioning is trained, the loss on the expected frame instead, divided likewise: see
   * `anchorLoss`.
   */
  nats: Scalar;
  /** Gradients of the trained weights, in the order of `trained`. */
  gradients: Tensor[];
  /** Indices of the trained weights among all weights. */
  trained: number[];
};

/** Settings of a training step: the weights to train and the losses. */
export interface StepSettings {
  /** Weights to train. Default: all. Scales share no weights. If only the decoder is trained, anchors have no loss. */
  trains?: TrainedPart;
  /**
   * Rollouts for a chain that can predict at several strides: adds `rolloutLoss` of the first scale, weighted as the
   * loss on learned anchors; null: none.
   */
  rollout?: Rollout | null;
  /** Loss on learned anchors and on the rollout. Default: `log-mse`. */
  anchorLoss?: AnchorLossName | undefined;
  /**
   * Numbers of examples and rollouts of the whole step, if only a part of the step is passed. Default: the numbers
   * passed.
   */
  whole?: { examples: number; rollOuts: number } | undefined;
}

/** Weight of the loss on learned anchors relative to the likelihood: see `anchorLoss`. */
export const ANCHOR_LOSS = 0.5;

/**
 * Computes the likelihood of examples, and the gradients of the training loss for the weights that `trains` names. The
 * loss is the mean -log P of a sub-pixel, plus `ANCHOR_LOSS` times the losses on learned anchors and on the rollout.
 *
 * - One scale: the sum has the -log P and anchors of this scale alone. The divisor stays the number of sub-pixels of
 *   the finest image.
 * - `decoder`: anchors have no loss.
 * - `conditioning`: the loss is `anchorLoss` of the first scale plus the loss on the rollout, and `anchorLoss` is
 *   returned as the likelihood.
 *
 * With `whole`, likelihood and gradients are those of a part of a step: the parts add up to the whole step. The caller
 * disposes the result.
 * @param weights tensors in the order of `chain.parameters`
 */
export function computeGradients(
  chain: Chain,
  weights: readonly Tensor[],
  examples: Examples,
  { trains = 'all', rollout = null, anchorLoss: lossName = 'log-mse', whole }: StepSettings = {},
): Gradients {
  loadGradients();
  // All scales have the same number of levels.
  const { levels } = chain.scales[0].description;
  const scales = trainedScales(chain, trains);
  return tf.tidy(() => {
    const places = weights.map((_, index) => index);
    const trained = scales.flatMap((scale) => {
      const own = selectScaleParameters(chain, scale, places);
      const { conditioningParameters } = chain.scales[scale];
      if (trains === 'conditioning') return own.slice(0, conditioningParameters);
      return own.slice(trains === 'decoder' ? conditioningParameters : 0);
    });
    const [count] = examples.image.shape;
    const { examples: all, rollOuts } = whole ?? { examples: count, rollOuts: rolloutsIn(rollout) };
    const subPixels = all * countSubPixels(chain);
    // Outside of the differentiated function, so that the tape keeps nothing for unused gradients.
    const conditions = () => conditionChain(chain, weights, examples, scales) as ConditioningOutputs[];
    const kept = trains === 'decoder' ? tf.tidy(conditions) : undefined;
    let nats: Scalar | null = null;
    const loss = (...parameters: Tensor[]): Scalar => {
      const current = [...weights];
      trained.forEach((index, place) => (current[index] = parameters[place]));
      const ofRollout = () =>
        rollout === null
          ? []
          : [shareOf(rolloutLoss(chain, current, rollout, lossName), rolloutsIn(rollout) / rollOuts)];
      if (trains === 'conditioning') {
        const { anchors } = runConditioning(chain.scales[0], current, examples.conditioningInputs)!;
        const ofExamples = shareOf(anchorLoss({ anchors, image: examples.image, levels }, lossName), count / all);
        nats = tf.keep(ofExamples.clone());
        return tf.addN([ofExamples, ...ofRollout()]);
      }
      const scores = scoreChain(chain, current, examples, scales, kept);
      const mean = tf.div<Scalar>(tf.addN(scores.map((score) => tf.sum<Scalar>(score.nats))), subPixels);
      nats = tf.keep(mean.clone());
      const learned = (_: ScaleScore, place: number) =>
        trains !== 'decoder' && hasLearnedAnchor(chain.scales[scales[place]].description.conditioning);
      const ofScale = (score: ScaleScore) => shareOf(anchorLoss({ ...score, levels }, lossName), count / all);
      const onAnchors = [...scores.filter(learned).map(ofScale), ...ofRollout()];
      // Some parameters may reach the loss in no other way: a head without anchors does not read them.
      return onAnchors.length === 0 ? mean : tf.add(mean, tf.mul(tf.addN(onAnchors), ANCHOR_LOSS));
    };
    const { grads } = tf.valueAndGrads(loss)(trained.map((index) => weights[index]));
    return { nats: nats!, gradients: grads, trained };
  });
}

/** Returns the indices of the scales whose weights, or part of them, are trained. */
function trainedScales({ scales }: Chain, trains: NonNullable<StepSettings['trains']>): number[] {
  if (typeof trains === 'number') return [trains];
  return trains === 'conditioning' ? [0] : scales.map((_, scale) => scale);
}

function rolloutsIn(rollout: Rollout | null): number {
  return rollout?.truth[0].shape[0] ?? 0;
}

/** Returns a mean over a part, weighted by the part's fraction of the whole. */
function shareOf(mean: Scalar, share: number): Scalar {
  return share === 1 ? mean : tf.mul(mean, share);
}
