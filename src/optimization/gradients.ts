import { loadGradients, tf } from '../foundation/tfjs.js';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { learnsAnchor, type Condition } from '../conditioning/index.js';
import {
  chainConditions,
  chainScores,
  dimensions,
  parametersOfScale,
  type Chain,
  type ScaleScore,
} from '../model/chain.js';
import type { Examples } from '../conditioning/context/examples.js';
import { conditionOf } from '../model/network.js';
import { anchorNats, rollOutNats, type RollOut } from './anchor-loss.js';

/**
 * What is trained: all weights, those of the conditioning alone, on what is expected of the next frame, all others
 * ("decoder"), or one scale of a chain, by its index, the coarsest 0.
 */
export type Trained = 'all' | 'conditioning' | 'decoder' | number;

export type Gradients = {
  /** Mean nats a sub-pixel; where the conditioning learns alone, of what is expected: see `anchorNats`. */
  nats: Scalar;
  /** Of the weights that are trained. */
  gradients: Tensor[];
  /** Their indices among all weights. */
  trained: number[];
};

/** What a training step learns, and from what. */
export interface StepSettings {
  /** Default: all. Scales share no weights. Where the decoder learns alone, there is no loss on learned anchors. */
  trains?: Trained;
  /** Of a chain of one scale, for the loss on its learned anchor alone, which counts the same on it; null: none. */
  rollOut?: RollOut | null;
  /** Examples and roll-outs of the whole step, where these are a part of them. Default: these are all. */
  whole?: { examples: number; rollOuts: number } | undefined;
}

/** How much the loss on learned anchors counts beside the likelihood: see `anchorNats`. */
export const ANCHOR_LOSS = 0.5;

/**
 * Mean -log P of the examples' sub-pixels, or the loss on what is expected where the conditioning learns alone, and its
 * gradients; the caller disposes of them. Those of the parts of a step add up to those of the step.
 */
export function gradientsOf(
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
      const own = parametersOfScale(chain, scale, places);
      const { conditioningParameters } = chain.scales[scale];
      if (trains === 'conditioning') return own.slice(0, conditioningParameters);
      return own.slice(trains === 'decoder' ? conditioningParameters : 0);
    });
    const [count] = examples.image.shape;
    const { examples: all, rollOuts } = whole ?? { examples: count, rollOuts: rollOutsIn(rollOut) };
    const subPixels = all * dimensions(chain);
    // Outside of what is differentiated, so that nothing is kept of it for gradients that nobody reads.
    const conditions = () => chainConditions(chain, weights, examples, among) as Condition[];
    const kept = trains === 'decoder' ? tf.tidy(conditions) : undefined;
    let nats: Scalar | null = null;
    const loss = (...parameters: Tensor[]): Scalar => {
      const current = [...weights];
      trained.forEach((index, place) => (current[index] = parameters[place]));
      const ofRollOut = () =>
        rollOut === null ? [] : [shareOf(rollOutNats(chain, current, rollOut), rollOutsIn(rollOut) / rollOuts)];
      if (trains === 'conditioning') {
        const { anchors } = conditionOf(chain.scales[0], current, examples.given)!;
        const ofExamples = shareOf(anchorNats({ anchors, image: examples.image }), count / all);
        nats = tf.keep(ofExamples.clone());
        return tf.addN([ofExamples, ...ofRollOut()]);
      }
      const scores = chainScores(chain, current, examples, among, kept);
      const mean = tf.div<Scalar>(tf.addN(scores.map((score) => tf.sum<Scalar>(score.nats))), subPixels);
      nats = tf.keep(mean.clone());
      const learned = (_: ScaleScore, place: number) =>
        trains !== 'decoder' && learnsAnchor(chain.scales[among[place]].description.conditioning);
      const ofScale = (score: ScaleScore) => shareOf(anchorNats(score), count / all);
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
