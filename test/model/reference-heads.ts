import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, MIN_LOG_SCALE } from '../../src/backend/kernels/index.js';
import type { HeadDescription } from '../../src/model/heads/index.js';
import type { LogisticMixtureDescription } from '../../src/model/heads/logistic-mixture.js';
import { exp, expm1, log } from '../elementary.js';
import { logisticMixture, sigmoidCrossEntropy, softmaxCrossEntropy } from '../backend/reference.js';
import type { Channels } from '../../src/foundation/frame.js';
import type { Numbers } from './reference-planes.js';

/** Whether a network with this head reads how its image differs from the anchors. */
export function readsAnchors({ type }: HeadDescription): boolean {
  return type === 'logistic-mixture' || type === 'grey-sigmoid';
}

/** How many outputs the colours have beside each other; null: all as many. */
export function outputWidths(head: HeadDescription, channels: Channels): number[] | null {
  // Those of a mixture of colours together grow with the number of colours before.
  return head.type === 'logistic-mixture' && head.colours === 'together' ? [3, 4, 5].slice(0, channels) : null;
}

/** -log P of each target, given the head's outputs for its pixel, its anchors and its pixel's earlier targets. */
export function referenceHeadNats(
  head: HeadDescription,
  levels: number,
  channels: Channels,
  outputs: Numbers,
  targets: Numbers,
  anchors: Numbers,
): Float64Array {
  const rows = targets.length;
  switch (head.type) {
    case 'softmax':
      return softmaxCrossEntropy(outputs, targets, rows, levels);
    case 'sigmoid':
      return sigmoidCrossEntropy(outputs, targets, rows, 2);
    case 'grey-sigmoid': {
      const logits = Float64Array.from({ length: rows }, (_, i) => {
        return outputs[i] + logitOf(anchors[(i * anchors.length) / rows], levels);
      });
      return sigmoidCrossEntropy(logits, targets, rows, levels);
    }
    case 'logistic-mixture': {
      const colours = head.colours === 'together' ? channels : 1;
      const shape = { ...head, levels, colours, anchors: anchors.length / rows };
      return logisticMixture(shape, outputs, targets, anchors, rows / colours);
    }
  }
}

/** Logit of a grey level, which is kept 1/256 of the range from both ends. */
function logitOf(level: number, levels: number): number {
  const mean = Math.min(255 / 256, Math.max(1 / 256, level / (levels - 1)));
  return log(mean / (1 - mean));
}

/** One pixel as a head reads it: arrays, and where in each the pixel's part begins. */
export interface PixelView {
  /** The outputs of the pixel's colours, one colour after another. */
  outputs: Float32Array;
  outputsAt: number;
  /** The levels of its sub-pixels; those of earlier colours than the one asked for are read. */
  levels: ArrayLike<number>;
  levelsAt: number;
  /** For each colour in turn its anchors, in levels. */
  anchors: ArrayLike<number>;
  anchorsAt: number;
  /** How many anchors each colour has, A. */
  anchorCount: number;
}

/**
 * Computes the probabilities of the levels of one sub-pixel in float64, step for step as native/engine does, so that
 * the bits are the same.
 *
 * @param channel the colour
 * @param draw of a mixture's components: weights^T, scales times T, then contracted about their mean
 * @param into receives the probability of each level; its length is `levels`
 */
export function distribution(
  head: HeadDescription,
  levels: number,
  pixel: PixelView,
  channel: number,
  draw: MixtureDraw,
  into: Float64Array,
): void {
  if (head.type === 'logistic-mixture') {
    mixture(logisticsOf(head, levels, pixel, channel, draw), into);
  } else if (head.type === 'softmax') {
    const at = pixel.outputsAt + channel * levels;
    softmax(pixel.outputs.subarray(at, at + levels), into);
  } else if (head.type === 'grey-sigmoid') {
    const anchor = pixel.anchors[pixel.anchorsAt + channel * pixel.anchorCount];
    const logit = pixel.outputs[pixel.outputsAt + channel] + logitOf(anchor, levels);
    into.fill(0);
    into[Math.floor((levels - 1) / (1 + exp(-logit)) + 0.5)] = 1;
  } else {
    // Each from its own exponential: 1 - P(1) would lose P(0) where the logit is large.
    const logit = pixel.outputs[pixel.outputsAt + channel];
    into.set([1 / (1 + exp(logit)), 1 / (1 + exp(-logit))]);
  }
}

function softmax(logits: Float32Array | Float64Array, into: Float64Array): void {
  const highest = Math.max(...logits);
  let total = 0;
  logits.forEach((logit, level) => (total += into[level] = exp(logit - highest)));
  logits.forEach((_, level) => (into[level] /= total));
}

// Of one component, with S the sigmoid and u, l the distances of the level's edges from the mean, in scales:
// p = S(u) - S(l) = S(u) S(-l) (1 - exp(-1 / scale)), a product, so that far from the mean nothing cancels.
function mixture(logistics: readonly Logistic[], into: Float64Array): void {
  const last = into.length - 1;
  into.fill(0);
  for (const logistic of logistics) {
    const inner = -expm1(-logistic.inverse);
    let aboveLower = logistic.weight;
    for (let level = 0; level < last; level++) {
      const { below, above } = partsAt(logistic, level);
      into[level] += aboveLower * (level === 0 ? 1 : inner) * below;
      aboveLower = logistic.weight * above;
    }
    into[last] += aboveLower;
  }
}

/**
 * The first level up to which the probabilities of a mixture add up to more than u, 0 < u < 1, as its cumulative
 * function has it, found by halving.
 */
export function quantile(
  head: LogisticMixtureDescription,
  levels: number,
  pixel: PixelView,
  channel: number,
  draw: MixtureDraw,
  u: number,
): number {
  const logistics = logisticsOf(head, levels, pixel, channel, draw);
  let least = 0;
  let most = levels - 1;
  while (least < most) {
    const level = (least + most) >> 1;
    const reached = logistics.reduce((sum, logistic) => sum + logistic.weight * partsAt(logistic, level).below, 0);
    if (reached > u) most = level;
    else least = level + 1;
  }
  return least;
}

/** Sampling settings of a mixture: temperature, above 0, and maximum standard deviation, in levels. */
export interface MixtureDraw {
  temperature: number;
  maxDeviation?: number;
}

/** One component; `inverse`: of its scale. */
interface Logistic {
  weight: number;
  mean: number;
  inverse: number;
}

/** The components of one colour of a pixel. */
function logisticsOf(
  { components, meanScale, colours }: LogisticMixtureDescription,
  levels: number,
  { outputs, outputsAt, levels: known, levelsAt, anchors, anchorsAt, anchorCount }: PixelView,
  channel: number,
  draw: MixtureDraw,
): Logistic[] {
  const first = colours === 'together' ? 0 : channel;
  const [means, inverses] = [0, 1].map(() => [0, 1, 2].map(() => new Float64Array(components)));
  const priors = new Float64Array(components);
  let at = outputsAt + 3 * components * first;
  for (let colour = first; colour <= channel; colour++) {
    // One a colour before.
    const terms = colour - first;
    for (let k = 0; k < components; k++) {
      const output = (index: number) => outputs[at + index * components + k];
      let mean = anchors[anchorsAt + colour * anchorCount + (k % anchorCount)] + meanScale * output(1);
      for (let earlier = 0; earlier < terms; earlier++)
        mean += tanh(output(3 + earlier)) * (known[levelsAt + earlier] - means[earlier][k]);
      if (terms > 0)
        priors[k] += logP(known[levelsAt + colour - 1], levels, means[colour - 1][k], inverses[colour - 1][k]);
      priors[k] += output(0) * draw.temperature;
      means[colour][k] = mean;
      const logScale = Math.min(Math.max(output(2) + LOG_SCALE_OFFSET, MIN_LOG_SCALE), MAX_LOG_SCALE);
      inverses[colour][k] = exp(-logScale) / draw.temperature;
    }
    at += (3 + terms) * components;
  }
  const weights = new Float64Array(components);
  softmax(priors, weights);
  const logistics = Array.from(weights, (weight, k) => {
    return { weight, mean: means[channel][k], inverse: inverses[channel][k] };
  });
  return contract(logistics, draw.maxDeviation ?? Infinity);
}

/** A mixture about its mean, with a standard deviation of at most `maxDeviation` levels. */
function contract(logistics: Logistic[], maxDeviation: number): Logistic[] {
  const center = logistics.reduce((sum, { weight, mean }) => sum + weight * mean, 0);
  const variance = logistics.reduce(
    (sum, { weight, mean, inverse }) =>
      sum + weight * ((mean - center) * (mean - center) + 3.289868133696453 / (inverse * inverse)),
    0,
  );
  const share = maxDeviation / Math.sqrt(variance);
  if (!(share < 1)) return logistics;
  return logistics.map(({ weight, mean, inverse }) => {
    return { weight, mean: center + share * (mean - center), inverse: inverse / share };
  });
}

/** The parts of a logistic below the upper edge of a level and above it. */
function partsAt({ mean, inverse }: Logistic, level: number): { below: number; above: number } {
  const upper = (level + 0.5 - mean) * inverse;
  const tail = exp(-Math.abs(upper));
  const larger = 1 / (1 + tail);
  const smaller = tail * larger;
  return upper > 0 ? { below: larger, above: smaller } : { below: smaller, above: larger };
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

/** (1 - e^-2x) / (1 + e^-2x). */
function tanh(x: number): number {
  const shrunk = expm1(-2 * Math.abs(x));
  const size = -shrunk / (2 + shrunk);
  return x < 0 ? -size : size;
}
