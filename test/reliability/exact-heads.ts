import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, MIN_LOG_SCALE } from '../../src/backend/kernels/index.js';
import type { HeadDescription } from '../../src/model/heads/index.js';

/**
 * Numbers with 1400 bits after the binary point, as BigInts: a probability of 1e-300 has more than 120 digits. A head's
 * probabilities in them are the reference for what is computed in float32 and float64.
 */
const BITS = 1400n;
const ONE = 1n << BITS;
const SMALLEST_PRIOR = 1n << 200n;

/** The exact value of a finite number. */
function exact(value: number): bigint {
  if (value === 0) return 0n;
  const exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(value)))) - 52;
  const shift = BigInt(exponent) + BITS;
  const mantissa = BigInt(value / 2 ** exponent);
  return shift >= 0n ? mantissa << shift : mantissa >> -shift;
}

const times = (a: bigint, b: bigint) => (a * b) >> BITS;
const over = (a: bigint, b: bigint) => (a << BITS) / b;

/** e^x, by the series of x / 2^40, squared 40 times. */
function exponential(x: bigint): bigint {
  // 2^-1400 is e^-970.
  if (x < -1000n * ONE) return 0n;
  const halvings = 40n;
  const small = x >> halvings;
  let sum = ONE;
  let term = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = times(term, small) / n;
    sum += term;
  }
  for (let n = 0n; n < halvings; n++) sum = times(sum, sum);
  return sum;
}

/** 1 / (1 + e^-x). */
function logistic(x: bigint): bigint {
  const tail = exponential(x < 0n ? x : -x);
  return over(x < 0n ? tail : ONE, ONE + tail);
}

function hyperbolicTangent(x: bigint): bigint {
  const tail = exponential(x < 0n ? 2n * x : -2n * x);
  const size = over(ONE - tail, ONE + tail);
  return x < 0n ? -size : size;
}

function softmax(logits: readonly bigint[]): bigint[] {
  const highest = logits.reduce((a, b) => (a > b ? a : b));
  const terms = logits.map((one) => exponential(one - highest));
  const total = terms.reduce((a, b) => a + b);
  return terms.map((term) => over(term, total));
}

/** One component: mean and scale in levels. */
/** Head whose outputs are probabilities of levels. */
export type LikelihoodHead = Exclude<HeadDescription, { type: 'grey-sigmoid' }>;

interface Logistic {
  mean: bigint;
  scale: bigint;
}

function probabilityOf(level: number, levels: number, { mean, scale }: Logistic): bigint {
  const upper = over(exact(level + 0.5) - mean, scale);
  const lower = over(exact(level - 0.5) - mean, scale);
  if (level === 0) return logistic(upper);
  if (level === levels - 1) return logistic(-lower);
  const inner = ONE - exponential(-over(ONE, scale));
  return times(times(logistic(upper), logistic(-lower)), inner);
}

/**
 * Returns the exact probability of each level of a sub-pixel, as a fraction of 2^1400. Returns null if the earlier
 * levels have a probability below 2^-1200, of which too few bits are left.
 * @param outputs of the head for the pixel
 * @param anchors of the pixel, one for each colour
 * @param earlier levels of the colours before
 */
export function exactProbabilities(
  head: LikelihoodHead,
  levels: number,
  outputs: ArrayLike<number>,
  anchors: readonly number[],
  earlier: readonly number[],
): bigint[] | null {
  const channel = earlier.length;
  const all = Array.from({ length: levels }, (_, level) => level);
  if (head.type === 'softmax') return softmax(all.map((level) => exact(outputs[channel * levels + level])));
  if (head.type === 'sigmoid') return [-outputs[channel], outputs[channel]].map((logit) => logistic(exact(logit)));
  const { components, meanScale, colours } = head;
  const first = colours === 'together' ? 0 : channel;
  const logits = Array.from({ length: components }, () => 0n);
  const likelihoods = Array.from({ length: components }, () => ONE);
  const made: Logistic[][] = [];
  let at = 3 * components * first;
  for (let colour = first; colour <= channel; colour++) {
    const terms = colour - first;
    const own = Array.from({ length: components }, (_, k): Logistic => {
      const output = (index: number) => outputs[at + index * components + k];
      let mean = exact(anchors[colour]) + times(exact(meanScale), exact(output(1)));
      for (let before = 0; before < terms; before++)
        mean += times(hyperbolicTangent(exact(output(3 + before))), exact(earlier[before]) - made[before][k].mean);
      if (terms > 0) {
        const probability = probabilityOf(earlier[colour - 1], levels, made[terms - 1][k]);
        likelihoods[k] = times(likelihoods[k], probability);
      }
      logits[k] += exact(output(0));
      const logScale = Math.min(Math.max(output(2) + LOG_SCALE_OFFSET, MIN_LOG_SCALE), MAX_LOG_SCALE);
      return { mean, scale: exponential(exact(logScale)) };
    });
    made.push(own);
    at += (3 + terms) * components;
  }
  const weights = softmax(logits).map((weight, k) => times(weight, likelihoods[k]));
  const total = weights.reduce((a, b) => a + b);
  if (total < SMALLEST_PRIOR) return null;
  // Divided first: the product of two small numbers has few bits.
  const posterior = weights.map((weight) => over(weight, total));
  const last = made[made.length - 1];
  return all.map((level) =>
    last.reduce((sum, component, k) => sum + times(posterior[k], probabilityOf(level, levels, component)), 0n),
  );
}

/** Returns a probability as a number; 0 below 2^-1022. */
export function toNumber(probability: bigint): number {
  const length = probability.toString(2).length;
  const shift = Math.max(0, length - 64);
  return (Number(probability >> BigInt(shift)) / 2 ** 700) * 2 ** (shift - Number(BITS) + 700);
}

/** Returns -log of a probability in nats; Infinity of 0. */
export function exactNats(probability: bigint): number {
  if (2n * probability > ONE) return -Math.log1p(-toNumber(ONE - probability));
  const length = probability.toString(2).length;
  const shift = Math.max(0, length - 64);
  return -(Math.log(Number(probability >> BigInt(shift))) + (shift - Number(BITS)) * Math.LN2);
}
