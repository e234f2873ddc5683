import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { exp, expm1, log } from '../../backend/elementary.js';
import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, MIN_LOG_SCALE } from '../../backend/kernels.js';
import { logisticMixture as mixtureNats } from '../../backend/losses.js';
import type { Head, PixelView } from './head.js';

const schema = z.strictObject({
  type: z.literal('logistic-mixture'),
  /** Number of logistics, K. */
  components: z.int().min(1).max(32),
  /**
   * Levels that one unit of output moves a mean away from the anchor. Outputs are of the order of 1: for a network that is
   * given nothing, whose anchor is the middle level, (levels - 1) / 2 puts the whole range in their reach.
   */
  meanScale: z.number().positive(),
  /** Whether the colours of a pixel choose their components apart, as where this is left out, or all one. */
  colours: z.enum(['apart', 'together']).optional(),
});

/** The range of temperatures of the components: weights are raised to its inverse, scales multiplied by it. */
export const LEAST_TEMPERATURE = 0.0001;
export const MOST_TEMPERATURE = 10_000;

export type LogisticMixtureDescription = z.infer<typeof schema>;

/**
 * Discretised mixture of logistics (after 1701.05517, section 2.1), each colour conditioned on the earlier ones through
 * the masked network, means starting from anchors, component k from anchor k mod A, or where there is none from the middle
 * level. Exact: the first and the last level take the tails.
 *
 * With colours together one component is chosen for the whole pixel: its weight for a later colour is that for the earlier
 * ones times their likelihood under it, and what the earlier ones lie off its means moves its mean (section 2.2).
 */
export const logisticMixture: Head<LogisticMixtureDescription> = {
  type: 'logistic-mixture',
  schema,
  anchored: true,
  mixed: true,
  maxLevels: 256,
  outputs: (description, _, channels) =>
    Array.from({ length: channels }, (_, channel) => (3 + termsOf(description, channel)) * description.components),

  // Colours apart have all outputs of colours together but for the linear terms, which stand after those of their colour.
  grownFrom(description, earlier, channels) {
    const { components, meanScale, colours } = description;
    const isApart = colours === 'together' && earlier.colours !== 'together';
    if (!isApart || earlier.components !== components || earlier.meanScale !== meanScale) return null;
    return Array.from({ length: channels }, (_, channel) => [
      ...Array.from({ length: 3 * components }, (_, output) => 3 * components * channel + output),
      ...Array.from({ length: termsOf(description, channel) * components }, () => null),
    ]).flat();
  },

  nats({ components, meanScale, colours: choice }, levels, outputs, targets, anchors) {
    const [pixels, channels] = targets.shape;
    const anchorCount = anchors.shape[1] / channels;
    const colours = choice === 'together' && channels === 3 ? 3 : 1;
    const rows = (pixels * channels) / colours;
    const byRow = (x: Tensor2D) => tf.reshape<Rank.R2>(x, [rows, x.size / rows]);
    const shape = { components, levels, meanScale, colours, anchors: anchorCount } as const;
    const nats = mixtureNats(shape, byRow(outputs), byRow(targets), byRow(anchors));
    return tf.reshape(nats, targets.shape);
  },

  // Of one component, with S the sigmoid and u, l the distances of the level's edges from the mean, in scales:
  // p = S(u) - S(l) = S(u) S(-l) (1 - exp(-1 / scale)), a product, so that far from the mean nothing cancels.
  distribution(description, levels, pixel, channel, temperature, into, only) {
    const { components } = description;
    mixtureOf(description, levels, pixel, channel, temperature);
    // Of a level the edge below it is needed, which is the upper one of the level before.
    const [first, last] = only === undefined ? [0, levels - 1] : [Math.max(0, only - 1), only];
    into.fill(0, first, last + 1);
    for (let k = 0; k < components; k++) {
      const [weight, mean, inverse] = [weights[k], means[channel][k], inverses[k]];
      const inner = -expm1(-inverse);
      let aboveLower = weight;
      for (let level = first; level <= Math.min(last, levels - 2); level++) {
        const upper = (level + 0.5 - mean) * inverse;
        const tail = exp(-Math.abs(upper));
        const larger = 1 / (1 + tail);
        const smaller = tail * larger;
        into[level] += aboveLower * (level === 0 ? 1 : inner) * (upper > 0 ? larger : smaller);
        aboveLower = weight * (upper > 0 ? smaller : larger);
      }
      if (last === levels - 1) into[last] += aboveLower;
    }
  },

  quantile(description, levels, pixel, channel, temperature, u) {
    mixtureOf(description, levels, pixel, channel, temperature);
    let [least, most] = [0, levels - 1];
    while (least < most) {
      const level = (least + most) >> 1;
      const reached = cumulative(description.components, means[channel], level);
      if (Number.isNaN(reached)) return NaN;
      if (reached > u) most = level;
      else least = level + 1;
    }
    return least;
  },
};

const MOST_COMPONENTS = 32;
const [weights, inverses, priors] = [1, 2, 3].map(() => new Float64Array(MOST_COMPONENTS));
const means = [0, 1, 2].map(() => new Float64Array(MOST_COMPONENTS));

/** How many linear terms from earlier colours each component of a colour has. */
function termsOf({ colours }: LogisticMixtureDescription, channel: number): number {
  return colours === 'together' ? channel : 0;
}

/**
 * Writes the components of one colour of a pixel: `weights`, `inverses` (of the scales) and `means[channel]`, step for
 * step as native/engine/mixture.cc does.
 */
function mixtureOf(
  description: LogisticMixtureDescription,
  levels: number,
  pixel: PixelView,
  channel: number,
  temperature: number,
): void {
  const { components, meanScale, colours } = description;
  const { outputs, outputsAt, levels: known, levelsAt, anchors, anchorsAt, anchorCount } = pixel;
  const first = colours === 'together' ? 0 : channel;
  let at = outputsAt + (colours === 'together' ? 0 : 3 * components * channel);
  for (let colour = first; colour <= channel; colour++) {
    const terms = termsOf(description, colour);
    for (let k = 0; k < components; k++) {
      let mean =
        anchors[anchorsAt + colour * anchorCount + (k % anchorCount)] + meanScale * outputs[at + components + k];
      for (let earlier = 0; earlier < terms; earlier++) {
        const coefficient = tanh(outputs[at + (3 + earlier) * components + k]);
        mean += coefficient * (known[levelsAt + earlier] - means[earlier][k]);
      }
      means[colour][k] = mean;
      const logScale = outputs[at + 2 * components + k] + LOG_SCALE_OFFSET;
      const prior = outputs[at + k] * temperature;
      priors[k] =
        colour === first
          ? prior
          : priors[k] + logP(known[levelsAt + colour - 1], levels, means[colour - 1][k], inverses[k]) + prior;
      inverses[k] = exp(-Math.min(Math.max(logScale, MIN_LOG_SCALE), MAX_LOG_SCALE)) / temperature;
    }
    at += (3 + terms) * components;
  }
  let highest = -Infinity;
  for (let k = 0; k < components; k++) highest = Math.max(highest, priors[k]);
  let total = 0;
  for (let k = 0; k < components; k++) total += weights[k] = exp(priors[k] - highest);
  for (let k = 0; k < components; k++) weights[k] /= total;
}

/** How likely a level up to this one is, but for the last: that of native/engine/mixture.cc, bit for bit. */
function cumulative(components: number, means: Float64Array, level: number): number {
  let sum = 0;
  for (let k = 0; k < components; k++) {
    const upper = (level + 0.5 - means[k]) * inverses[k];
    const tail = exp(-Math.abs(upper));
    const larger = 1 / (1 + tail);
    sum += weights[k] * (upper > 0 ? larger : tail * larger);
  }
  return sum;
}

/** Log-probability of a level under one logistic. */
function logP(level: number, levels: number, mean: number, inverse: number): number {
  const belowUpper = -softplus(-((level + 0.5 - mean) * inverse));
  if (level === 0) return belowUpper;
  const lower = (level - 0.5 - mean) * inverse;
  if (level === levels - 1) return -softplus(lower);
  return log(-expm1(-inverse)) + belowUpper - softplus(lower);
}

/** log(1 + e^x). */
function softplus(x: number): number {
  return (x > 0 ? x : 0) + log(1 + exp(-Math.abs(x)));
}

/** (1 - e^-2x) / (1 + e^-2x); beyond 20 it is 1. */
function tanh(x: number): number {
  const shrunk = expm1(-2 * Math.min(Math.abs(x), 20));
  const size = -shrunk / (2 + shrunk);
  return x < 0 ? -size : size;
}
