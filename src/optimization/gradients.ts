import { loadGradients, tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { hasLearnedAnchor, type ConditioningOutputs } from '../conditioning/index.js';
import {
  conditionChain,
  scoreChain,
  dimensions,
  selectScaleParameters,
  type Chain,
  type ScaleScore,
} from '../model/chain.js';
import type { Examples } from '../conditioning/context/examples.js';
import { runConditioning } from '../model/network.js';
import { anchorLoss, rollOutLoss, type RollOut } from './anchor-loss.js';

/**
 * What is trained: all weights, those of the conditioning alone, on what is expected of the next frame, all others
 * ("decoder"), or one scale of a chain, by its index, the coarsest 0.
 */
export type TrainedPart = 'all' | 'conditioning' | 'decoder' | number;

export type Gradients = {
  /** Mean nats a sub-pixel; where the conditioning learns alone, of what is expected: see `anchorLoss`. */
  nats: Scalar;
  /** Of the weights that are trained. */
  gradients: Tensor[];
  /** Their indices among all weights. */
  trained: number[];
};

/** What a training step learns, and from what. */
export interface StepSettings {
  /** Default: all. Scales share no weights. Where the decoder learns alone, there is no loss on learned anchors. */
  trains?: TrainedPart;
  /** Of a chain of one scale, for the loss on its learned anchor alone, which counts the same on it; null: none. */
  rollOut?: RollOut | null;
  /** Examples and roll-outs of the whole step, where these are a part of them. Default: these are all. */
  whole?: { examples: number; rollOuts: number } | undefined;
}

/** How much the loss on learned anchors counts beside the likelihood: see `anchorLoss`. */
export const ANCHOR_LOSS = 0.5;

/**
 * Mean -log P of the examples' sub-pixels, or the loss on what is expected where the conditioning learns alone, and its
 * gradients; the caller disposes of them. Those of the parts of a step add up to those of the step.
 */
export function computeGradients(
  chain: Chain,
  weights: readonly Tensor[],
  examples: Examples,
  { trains = 'all', rollOut = null, whole }: StepSettings = {},
): Gradients {
  loadGradients();
  const among = typeof trains === 'number' ? [trains] : chain.scales.map((_, scale) => scale);
  return tf.tidy(() => {
    const places = weights.map((_, index) => index);
    const trained = among.flatMap((scale) => {
      const own = selectScaleParameters(chain, scale, places);
      const { conditioningParameters } = chain.scales[scale];
      if (trains === 'conditioning') return own.slice(0, conditioningParameters);
      return own.slice(trains === 'decoder' ? conditioningParameters : 0);
    });
    const [count] = examples.image.shape;
    const { examples: all, rollOuts } = whole ?? { examples: count, rollOuts: rollOutsIn(rollOut) };
    const subPixels = all * dimensions(chain);
    // Outside of what is differentiated, so that nothing is kept of it for gradients that nobody reads.
    const conditions = () => conditionChain(chain, weights, examples, among) as ConditioningOutputs[];
    const kept = trains === 'decoder' ? tf.tidy(conditions) : undefined;
    let nats: Scalar | null = null;
    const loss = (...parameters: Tensor[]): Scalar => {
      const current = [...weights];
      trained.forEach((index, place) => (current[index] = parameters[place]));
      const ofRollOut = () =>
        rollOut === null ? [] : [shareOf(rollOutLoss(chain, current, rollOut), rollOutsIn(rollOut) / rollOuts)];
      if (trains === 'conditioning') {
        const { anchors } = runConditioning(chain.scales[0], current, examples.given)!;
        const ofExamples = shareOf(anchorLoss({ anchors, image: examples.image }), count / all);
        nats = tf.keep(ofExamples.clone());
        return tf.addN([ofExamples, ...ofRollOut()]);
      }
      const scores = scoreChain(chain, current, examples, among, kept);
      const mean = tf.div<Scalar>(tf.addN(scores.map((score) => tf.sum<Scalar>(score.nats))), subPixels);
      nats = tf.keep(mean.clone());
      const learned = (_: ScaleScore, place: number) =>
        trains !== 'decoder' && hasLearnedAnchor(chain.scales[among[place]].description.conditioning);
      const ofScale = (score: ScaleScore) => shareOf(anchorLoss(score), count / all);
      const onAnchors = [...scores.filter(learned).map(ofScale), ...ofRollOut()];
      // Some parameters may have no other way to the loss: a head without anchors does not read them.
      return onAnchors.length === 0 ? mean : tf.add(mean, tf.mul(tf.addN(onAnchors), ANCHOR_LOSS));
    };
    const { grads } = tf.valueAndGrads(loss)(trained.map((index) => weights[index]));
    return { nats: nats!, gradients: grads, trained };
  });
}

function rollOutsIn(rollOut: RollOut | null): number {
  return rollOut?.truth[0].shape[0] ?? 0;
}

/** A mean over a part as it counts in the mean over all. */
function shareOf(mean: Scalar, share: number): Scalar {
  return share === 1 ? mean : tf.mul(mean, share);
}
