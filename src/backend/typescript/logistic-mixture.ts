import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, mixtureArrays, MIN_LOG_SCALE, type MixtureShape } from '../kernels.js';

/** What the gradient of a row reads of its values: arrays are [colours, components]. */
interface RowValues {
  /** -log P of each colour. */
  nats: Float64Array;
  means: Float64Array;
  /** Logarithms of the weights given the earlier colours, and of the weights times the target's likelihood. */
  logPrior: Float64Array;
  logJoint: Float64Array;
}

/** See Kernels.logisticMixture. */
export function logisticMixture(
  shape: MixtureShape,
  parameters: Float32Array,
  targets: Int32Array,
  anchors: Float32Array,
  rows: number,
  nats: Float32Array,
): void {
  const values = emptyValues(shape);
  for (let row = 0; row < rows; row++) {
    evaluate(shape, parameters, targets, anchors, row, values);
    nats.set(values.nats, row * shape.colours);
  }
}

/**
 * Colours from the last to the first. With r_k the posterior and w_k the prior weight of component k, u = upper,
 * l = lower, g = dNats, and `later` the gradient of the next colour's weight logit (0 for the last colour), since
 * log(weight_k p_k) is a summand of that colour's weight:
 *
 *     d / d weight logit_k = later + g (w_k - r_k)
 *     d / d log p_k        = later - g r_k
 *     d / d mean_k         = d / d log p_k * d log p_k / d mean - sum over later colours of tanh(a) d / d mean_k of theirs
 *     d / d s_k            = d / d log p_k * d log p_k / d log scale
 *     d / d a              = (1 - tanh(a)^2) (target - mean_k of the earlier colour) d / d mean_k
 *     d log p_k / d mean      = (S(l) [t > 0] - S(-u) [t < last]) / scale
 *     d log p_k / d log scale = -u S(-u) [t < last] + l S(l) [t > 0] - w / (exp(w) - 1) [inner]
 *
 * where S is the sigmoid and w = 1 / scale.
 */
export function logisticMixtureGradient(
  shape: MixtureShape,
  parameters: Float32Array,
  targets: Int32Array,
  anchors: Float32Array,
  dNats: Float32Array,
  rows: number,
  dParameters: Float32Array,
  dAnchors: Float32Array,
): void {
  const { components, levels, meanScale, colours, anchors: each } = shape;
  const [, columns] = mixtureArrays(shape, rows).parameters;
  const values = emptyValues(shape);
  const later = new Float64Array(components);
  const dMeans = new Float64Array(colours * components);
  const anchorSums = new Float64Array(colours * each);
  for (let row = 0; row < rows; row++) {
    evaluate(shape, parameters, targets, anchors, row, values);
    later.fill(-0); // The zero that takes no other zero's sign in a sum.
    anchorSums.fill(0);
    for (let colour = colours - 1; colour >= 0; colour--) {
      const target = targets[row * colours + colour];
      const factor = dNats[row * colours + colour];
      for (let k = 0; k < components; k++) {
        const at = row * columns + firstOf(colour) * components + k;
        const scaleAt = at + 2 * components;
        const value = colour * components + k;
        const logScale = parameters[scaleAt] + LOG_SCALE_OFFSET;
        const inverse = inverseScale(parameters[scaleAt]);
        const upper = (target + 0.5 - values.means[value]) * inverse;
        const lower = (target - 0.5 - values.means[value]) * inverse;
        const above = target < levels - 1 ? sigmoid(-upper) : 0;
        const below = target > 0 ? sigmoid(lower) : 0;
        const inner = target > 0 && target < levels - 1 ? inverse / Math.expm1(inverse) : 0;
        const clamped = logScale < MIN_LOG_SCALE || logScale > MAX_LOG_SCALE;
        const posterior = factor * Math.exp(values.logJoint[value] + values.nats[colour]);
        const dLogP = later[k] - posterior;
        let dMean = dLogP * (below - above) * inverse;
        let dOffset = dLogP * meanScale * (below - above) * inverse;
        for (let other = colour + 1; other < colours; other++) {
          const termAt = row * columns + (firstOf(other) + 3 + colour) * components + k;
          const term = Math.tanh(parameters[termAt]);
          const dLater = dMeans[other * components + k];
          dMean -= term * dLater;
          dOffset -= term * dLater * meanScale;
          const distance = target - values.means[value];
          dParameters[termAt] = (1 - term * term) * distance * dLater;
        }
        later[k] += factor * Math.exp(values.logPrior[value]) - posterior;
        dMeans[value] = dMean;
        anchorSums[colour * each + (k % each)] += dMean;
        dParameters[at] = later[k];
        dParameters[at + components] = dOffset;
        dParameters[scaleAt] = clamped ? 0 : dLogP * (lower * below - upper * above - inner);
      }
    }
    dAnchors.set(anchorSums, row * colours * each);
  }
}

function emptyValues({ components, colours }: MixtureShape): RowValues {
  const perComponent = (): Float64Array => new Float64Array(colours * components);
  return { nats: new Float64Array(colours), means: perComponent(), logPrior: perComponent(), logJoint: perComponent() };
}

/** Where a colour's parameters begin in its row, in units of the components. */
function firstOf(colour: number): number {
  return 3 * colour + (colour * (colour - 1)) / 2;
}

/** The values of one row, written over those in `values`. */
function evaluate(
  { components, levels, meanScale, colours, anchors: each }: MixtureShape,
  parameters: Float32Array,
  targets: Int32Array,
  anchors: Float32Array,
  row: number,
  { nats, means, logPrior, logJoint }: RowValues,
): void {
  const start = row * firstOf(colours) * components;
  for (let colour = 0; colour < colours; colour++) {
    const at = start + firstOf(colour) * components;
    const value = colour * components;
    const target = targets[row * colours + colour];
    const anchorAt = (row * colours + colour) * each;
    for (let k = 0; k < components; k++) {
      let mean = anchors[anchorAt + (k % each)] + meanScale * parameters[at + components + k];
      for (let earlier = 0; earlier < colour; earlier++)
        mean +=
          Math.tanh(parameters[at + (3 + earlier) * components + k]) *
          (targets[row * colours + earlier] - means[earlier * components + k]);
      means[value + k] = mean;
      // Normalised, so that no later sum loses digits to an unlikely colour.
      const passed = colour === 0 ? 0 : logJoint[value - components + k] + nats[colour - 1];
      logPrior[value + k] = parameters[at + k] + passed;
    }
    const logWeights = logSumExp(logPrior, value, components);
    for (let k = 0; k < components; k++) {
      const inverse = inverseScale(parameters[at + 2 * components + k]);
      const upper = (target + 0.5 - means[value + k]) * inverse;
      const lower = (target - 0.5 - means[value + k]) * inverse;
      let logP = 0;
      if (target < levels - 1) logP += logSigmoid(upper);
      if (target > 0) logP += logSigmoid(-lower);
      if (target > 0 && target < levels - 1) logP += Math.log(-Math.expm1(-inverse));
      logPrior[value + k] -= logWeights;
      logJoint[value + k] = logPrior[value + k] + logP;
    }
    nats[colour] = -logSumExp(logJoint, value, components);
  }
}

/** 1 / scale, in 1 / levels, from a log-scale offset. */
function inverseScale(offset: number): number {
  return Math.exp(-Math.min(Math.max(offset + LOG_SCALE_OFFSET, MIN_LOG_SCALE), MAX_LOG_SCALE));
}

function logSumExp(x: Float64Array, at: number, length: number): number {
  let largest = x[at];
  for (let k = 1; k < length; k++) largest = Math.max(largest, x[at + k]);
  let sum = 0;
  for (let k = 0; k < length; k++) sum += Math.exp(x[at + k] - largest);
  return largest + Math.log(sum);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log sigmoid(x), without overflow or cancellation on either side. */
function logSigmoid(x: number): number {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
}
