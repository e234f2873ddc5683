/** The losses as the plainest float64 loops that their definitions allow, written apart from every implementation. */
import type { MixtureShape } from '../../src/backend/kernels/index.js';

type Numbers = ArrayLike<number>;

export function softmaxCrossEntropy(logits: Numbers, targets: Numbers, rows: number, levels: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < levels; k++) sum += Math.exp(logits[i * levels + k]);
    return Math.log(sum) - logits[i * levels + targets[i]];
  });
}

export function sigmoidCrossEntropy(logits: Numbers, targets: Numbers, rows: number, levels: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    const y = targets[i] / (levels - 1);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const part = (share: number, logit: number) => (share === 0 ? 0 : -share * Math.log(sigmoid(logit)));
    return part(y, logits[i]) + part(1 - y, -logits[i]);
  });
}

/**
 * The gradient of a function of row i, by differences over five points, right to about 1e-9: an independent reference,
 * since it is the analytic gradient that is to be checked.
 */
export function gradientByRows(
  rows: number,
  columns: number,
  x: Numbers,
  valueOf: (row: Float64Array, index: number) => number,
): Float64Array {
  const step = 2e-4;
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const i = Math.floor(at / columns);
    const row = Float64Array.from({ length: columns }, (_, k) => x[i * columns + k]);
    const valueAt = (steps: number): number => {
      const moved = row.slice();
      moved[at % columns] += steps * step;
      return valueOf(moved, i);
    };
    return (8 * (valueAt(1) - valueAt(-1)) - (valueAt(2) - valueAt(-2))) / (12 * step);
  });
}

/**
 * From the definition, by Bayes' rule: the weights of the components given the colours before are products of
 * probabilities, and a component's is a difference of its cumulative distribution, on the side where it does not
 * cancel.
 */
export function logisticMixture(
  { components, levels, meanScale, colours, anchors: each }: MixtureShape,
  parameters: Numbers,
  targets: Numbers,
  anchors: Numbers,
  rows: number,
): Float64Array {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const probability = (target: number, mean: number, logScaleOffset: number): number => {
    const scale = Math.exp(Math.min(Math.max(logScaleOffset + Math.log(3), -3), 6));
    const upper = target === levels - 1 ? Infinity : (target + 0.5 - mean) / scale;
    const lower = target === 0 ? -Infinity : (target - 0.5 - mean) / scale;
    return lower > 0 ? sigmoid(-lower) - sigmoid(-upper) : sigmoid(upper) - sigmoid(lower);
  };
  const nats = new Float64Array(rows * colours);
  let at = 0;
  /** The next K parameters. */
  const read = (): number[] => {
    const values: number[] = [];
    for (let k = 0; k < components; k++) values.push(parameters[at++]);
    return values;
  };
  for (let row = 0; row < rows; row++) {
    let chosen = new Array<number>(components).fill(1);
    const surprises: number[][] = [];
    for (let colour = 0; colour < colours; colour++) {
      const logits = read();
      const offsets = read();
      const logScales = read();
      const terms = surprises.map(read);
      const target = targets[row * colours + colour];
      const means = offsets.map((offset, k) =>
        terms.reduce(
          (mean, term, earlier) => mean + Math.tanh(term[k]) * surprises[earlier][k],
          anchors[(row * colours + colour) * each + (k % each)] + meanScale * offset,
        ),
      );
      const weights = logits.map((logit, k) => chosen[k] * Math.exp(logit));
      const joint = weights.map((weight, k) => weight * probability(target, means[k], logScales[k]));
      const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
      nats[row * colours + colour] = -Math.log(sum(joint) / sum(weights));
      chosen = joint.map((value) => value / sum(joint));
      surprises.push(means.map((mean) => target - mean));
    }
  }
  return nats;
}
