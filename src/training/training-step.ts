import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { globalNorm } from '../backend/updates.js';
import { laterWindow, learnsAnchor } from '../conditioning/index.js';
import {
  chainConditions,
  chainScores,
  dimensions,
  parametersOfScale,
  type Chain,
  type ScaleScore,
} from '../model/chain.js';
import type { Examples } from '../model/examples.js';
import { conditionOf } from '../model/network.js';
import { endsWithKnown, hasFrame, leadsTo } from '../model/subsequences.js';
import { clippingScale, type Optimiser, type UpdateSettings } from './optimisers.js';
import type { RollOut } from './roll-outs.js';
import type { Trained } from './stages.js';

/** All that changes from step to step: weights, and the optimiser's state for each. */
export type TrainingState = {
  /** In the order of `chain.parameters`. */
  weights: Tensor[];
  /** For each name of the optimiser's state, one tensor a parameter. */
  optimiser: Tensor[][];
};

/** Gradients of what is learned; their norm tells whether they are finite. */
export type Gradients = {
  /** Mean nats a sub-pixel; where the conditioning learns alone, of what is expected: see `anchorNats`. */
  nats: Scalar;
  /** Of the weights that are trained. */
  gradients: Tensor[];
  /** Their indices among all weights. */
  trained: number[];
  norm: Scalar;
};

/** What a training step learns, and from what. */
export interface StepSettings {
  /**
   * Default: all. No scale's likelihood depends on another's weights, so that scales trained together learn what they learn apart, but
   * for the clipping of the gradient. Where the decoder learns alone there is no loss on learned anchors, and no gradient reaches them.
   */
  trains?: Trained;
  /** Of a chain of one scale, for the loss on its learned anchor alone, which counts the same on it; null: none. */
  rollOut?: RollOut | null;
}

/** How much the loss on learned anchors counts beside the likelihood: see `anchorNats`. */
export const ANCHOR_LOSS = 0.5;

/**
 * Mean -log P of the examples' sub-pixels and its gradients; the caller disposes of them. Where the conditioning learns alone, of a
 * chain of one scale, the same of the loss on its learned anchor.
 */
export function gradientsOf(
  chain: Chain,
  weights: readonly Tensor[],
  examples: Examples,
  { trains = 'all', rollOut = null }: StepSettings = {},
): Gradients {
  const among = typeof trains === 'number' ? [trains] : chain.scales.map((_, scale) => scale);
  return tf.tidy(() => {
    const places = weights.map((_, index) => index);
    const trained = among.flatMap((scale) => {
      const own = parametersOfScale(chain, scale, places);
      const { conditioningParameters } = chain.scales[scale];
      if (trains === 'conditioning') return own.slice(0, conditioningParameters);
      return own.slice(trains === 'decoder' ? conditioningParameters : 0);
    });
    const subPixels = examples.image.shape[0] * dimensions(chain);
    // Outside of what is differentiated, so that nothing is kept of it for gradients that nobody reads.
    const kept = trains === 'decoder' ? conditionsAlone(chain, weights, examples, among) : undefined;
    let nats: Scalar | null = null;
    const loss = (...parameters: Tensor[]): Scalar => {
      const all = [...weights];
      trained.forEach((index, place) => (all[index] = parameters[place]));
      const ofRollOut = () => (rollOut === null ? [] : [rollOutNats(chain, all, rollOut)]);
      if (trains === 'conditioning') {
        const { anchors } = conditionOf(chain.scales[0], all, examples.given)!;
        const ofExamples = anchorNats({ anchors, image: examples.image });
        nats = tf.keep(ofExamples.clone());
        return tf.addN([ofExamples, ...ofRollOut()]);
      }
      const scores = chainScores(chain, all, examples, among, kept);
      const mean = tf.div<Scalar>(tf.addN(scores.map((score) => tf.sum<Scalar>(score.nats))), subPixels);
      nats = tf.keep(mean.clone());
      const learned = (_: ScaleScore, place: number) =>
        trains !== 'decoder' && learnsAnchor(chain.scales[among[place]].description.conditioning);
      const onAnchors = [...scores.filter(learned).map(anchorNats), ...ofRollOut()];
      // Some parameters may have no other way to the loss: a head without anchors does not read them.
      return onAnchors.length === 0 ? mean : tf.add(mean, tf.mul(tf.addN(onAnchors), ANCHOR_LOSS));
    };
    const { grads } = tf.valueAndGrads(loss)(trained.map((index) => weights[index]));
    return { nats: nats!, gradients: grads, trained, norm: globalNorm(grads) };
  });
}

/** What the conditionings of some scales make of examples; nothing is left of how it was made. */
function conditionsAlone(...of: Parameters<typeof chainConditions>): ReturnType<typeof chainConditions> {
  const made: ReturnType<typeof chainConditions> = [];
  tf.tidy(() => {
    made.push(...chainConditions(...of));
    return made.filter((condition) => condition !== null);
  });
  return made;
}

/**
 * The loss on the first anchor of a scale, which gives it a meaning of its own, the expected image: the mean over examples
 * of log(1 + mean squared error), in nats, so that still and moving clips count alike.
 */
function anchorNats({ anchors: [anchor], image }: Pick<ScaleScore, 'anchors' | 'image'>): Scalar {
  const errors = tf.mean(tf.squaredDifference(anchor, image), [1, 2, 3]);
  return tf.mean(tf.log1p(errors));
}

/**
 * The loss on the first anchor of frames that are expected one after another, each from those before: the mean of
 * `anchorNats` over them. Gradients go back through all of them, so that an expected frame is also learned as what the
 * next ones are made of; as `predict` makes it, only not rounded. As there, a frame that several strides lead to is expected at
 * each, and the mean is what is expected.
 */
function rollOutNats({ scales: [network] }: Chain, weights: readonly Tensor[], { known, truth }: RollOut): Scalar {
  const windows = known.map(({ given }) => given.window!);
  const nats = truth.map((image, ahead) => {
    const has = known.map((_, at) => at).filter((at) => hasFrame(known[at].subsequence, ahead + 1));
    const due = has.filter((at) => leadsTo(known[at].subsequence, ahead + 1));
    const counts = due.map((at) => known[at].counts);
    const expected = due.map((at) => conditionOf(network, weights, { window: windows[at] })!.anchors[0]);
    const sum = tf.addN(expected.map((anchor, at) => tf.mul<Tensor4D>(anchor, counts[at])));
    const mean = tf.div<Tensor4D>(sum, tf.addN([...counts]));
    const next = tf.clipByValue(mean, 0, network.description.levels - 1);
    for (const at of has) windows[at] = laterWindow(windows[at], next, endsWithKnown(known[at].subsequence));
    return anchorNats({ anchors: [mean], image });
  });
  return tf.div(tf.addN(nats), nats.length);
}

/** The state after one update with the gradients clipped to `clipNorm`; the state before is disposed of. */
export function updated(
  optimiser: Optimiser,
  settings: UpdateSettings,
  clipNorm: number,
  state: TrainingState,
  { gradients, trained, norm }: Gradients,
): TrainingState {
  return tf.tidy(() => {
    const scale = clippingScale(norm, clipNorm);
    const next: TrainingState = {
      weights: [...state.weights],
      optimiser: state.optimiser.map((tensors) => [...tensors]),
    };
    trained.forEach((index, place) => {
      const weight = state.weights[index];
      const before = state.optimiser.map((tensors) => tensors[index]);
      const after = optimiser.update(settings, weight, gradients[place], scale, before);
      next.weights[index] = tf.keep(after.weight);
      after.state.forEach((tensor, name) => (next.optimiser[name][index] = tf.keep(tensor)));
      tf.dispose([weight, ...before]);
    });
    return next;
  });
}
