import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, MIN_LOG_SCALE, type MixtureShape } from '../kernels.js';

let logJoint = new Float64Array(0);

/** See Kernels.logisticMixture. */
export function logisticMixture(
  shape: MixtureShape,
  parameters: Float32Array,
  targets: Int32Array,
  anchors: Float32Array,
  rows: number,
  nats: Float32Array,
): void {
  for (let i = 0; i < rows; i++) nats[i] = rowNats(shape, parameters, targets[i], anchors[i], i * 3 * shape.components);
}

/**
 * With r_k the posterior and w_k the prior weight of component k, u = upper, l = lower and g = dNats:
 *
 *     d / d weight logit_k = g (w_k - r_k)
 *     d / d m_k            = -g r_k meanScale d log p_k / d mean,    d log p_k / d mean = (S(l) [t > 0] - S(-u) [t < last]) / scale
 *     d / d s_k            = -g r_k d log p_k / d log scale,
 *                            d log p_k / d log scale = -u S(-u) [t < last] + l S(l) [t > 0] - w / (exp(w) - 1) [inner]
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
): void {
  const { components, levels, meanScale } = shape;
  for (let i = 0; i < rows; i++) {
    const at = i * 3 * components;
    const target = targets[i];
    const nats = rowNats(shape, parameters, target, anchors[i], at);
    const logWeights = logSumExp(parameters, at, components);
    for (let k = 0; k < components; k++) {
      const weightAt = at + k;
      const meanAt = weightAt + components;
      const scaleAt = meanAt + components;
      const logScale = parameters[scaleAt] + LOG_SCALE_OFFSET;
      const inverse = inverseScale(parameters[scaleAt]);
      const mean = anchors[i] + meanScale * parameters[meanAt];
      const upper = (target + 0.5 - mean) * inverse;
      const lower = (target - 0.5 - mean) * inverse;
      const above = target < levels - 1 ? sigmoid(-upper) : 0;
      const below = target > 0 ? sigmoid(lower) : 0;
      const inner = target > 0 && target < levels - 1 ? inverse / Math.expm1(inverse) : 0;
      const posterior = dNats[i] * Math.exp(logJoint[k] + nats);
      const clamped = logScale < MIN_LOG_SCALE || logScale > MAX_LOG_SCALE;
      dParameters[weightAt] = dNats[i] * Math.exp(parameters[weightAt] - logWeights) - posterior;
      dParameters[meanAt] = -posterior * meanScale * (below - above) * inverse;
      dParameters[scaleAt] = clamped ? 0 : -posterior * (lower * below - upper * above - inner);
    }
  }
}

/** -log P(target) of the row that starts at parameters[at]; leaves log(weight_k p_k) in `logJoint`. */
function rowNats(
  { components, levels, meanScale }: MixtureShape,
  parameters: Float32Array,
  target: number,
  anchor: number,
  at: number,
): number {
  if (logJoint.length < components) logJoint = new Float64Array(components);
  const logWeights = logSumExp(parameters, at, components);
  for (let k = 0; k < components; k++) {
    const inverse = inverseScale(parameters[at + 2 * components + k]);
    const mean = anchor + meanScale * parameters[at + components + k];
    const upper = (target + 0.5 - mean) * inverse;
    const lower = (target - 0.5 - mean) * inverse;
    let logP = 0;
    if (target < levels - 1) logP += logSigmoid(upper);
    if (target > 0) logP += logSigmoid(-lower);
    if (target > 0 && target < levels - 1) logP += Math.log(-Math.expm1(-inverse));
    logJoint[k] = parameters[at + k] - logWeights + logP;
  }
  return -logSumExp(logJoint, 0, components);
}

/** 1 / scale, in 1 / levels, from a log-scale offset. */
function inverseScale(offset: number): number {
  return Math.exp(-Math.min(Math.max(offset + LOG_SCALE_OFFSET, MIN_LOG_SCALE), MAX_LOG_SCALE));
}

function logSumExp(x: Float32Array | Float64Array, at: number, length: number): number {
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
