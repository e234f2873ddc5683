import { exp, log } from '../elementary.js';
import { unusableProbabilities, type DrawSettings } from '../../src/sampling/draw.js';

const largestLevels = 256;
const tempered = new Float64Array(largestLevels);
const sorted = new Float64Array(largestLevels);

/**
 * Draws a level by inverse transform: the first whose cumulative sum exceeds u times the total, both summed in float64
 * in ascending order. Of equally probable levels, the lower counts as the more probable.
 *
 * @param probabilities - At least `levels` entries, >= 0; they need not add up to 1.
 * @param levels - 1 to 256.
 * @param u - Strictly between 0 and 1.
 * @param settings - As `checkDrawSettings` accepts them.
 * @returns A level from 0 to `levels - 1`. Probabilities without a finite positive sum are a `CHECKPOINT` error.
 */
export function drawLevel(probabilities: Float64Array, levels: number, u: number, settings: DrawSettings): number {
  const { temperature, topP } = settings;
  const given = sum(probabilities, levels);
  if (!(given > 0 && given < Infinity)) throw unusableProbabilities(given);
  if (temperature === 0) return mostProbable(probabilities, levels);
  if (temperature === 1 && topP === 1) return invert(probabilities, levels, u * given);

  temper(probabilities, levels, temperature);
  if (topP < 1) keepNucleus(levels, topP);
  return invert(tempered, levels, u * sum(tempered, levels));
}

function sum(weights: Float64Array, levels: number): number {
  let total = 0;
  for (let level = 0; level < levels; level++) total += weights[level];
  return total;
}

/** The cumulative sum ends at the total bit for bit, and u < 1, so that the last level is never passed. */
function invert(weights: Float64Array, levels: number, threshold: number): number {
  let cumulative = weights[0];
  let level = 0;
  while (cumulative <= threshold && level < levels - 1) cumulative += weights[++level];
  return level;
}

function mostProbable(weights: Float64Array, levels: number): number {
  let best = 0;
  for (let level = 1; level < levels; level++) if (weights[level] > weights[best]) best = level;
  return best;
}

/** tempered[k] = (p[k] / max p)^(1 / temperature): divided by the maximum so that a low temperature leaves it at 1. */
function temper(probabilities: Float64Array, levels: number, temperature: number): void {
  const largest = probabilities[mostProbable(probabilities, levels)];
  for (let level = 0; level < levels; level++) {
    const ratio = probabilities[level] / largest;
    tempered[level] = ratio === 1 || temperature === 1 ? ratio : exp(log(ratio) / temperature);
  }
}

/** Sets every tempered level outside the nucleus (Holtzman et al. 2020, section 3.1) to zero. */
function keepNucleus(levels: number, topP: number): void {
  sorted.set(tempered);
  sorted.fill(0, levels);
  sorted.sort();
  const enough = topP * sum(tempered, levels);
  let smallest = largestLevels;
  for (let mass = 0; mass < enough && smallest > 0;) mass += sorted[--smallest];

  const edge = sorted[smallest];
  let atEdge = 1;
  while (sorted[smallest + atEdge] === edge) atEdge++;
  for (let level = 0; level < levels; level++) {
    const weight = tempered[level];
    const kept = weight > edge || (weight === edge && atEdge-- > 0);
    if (!kept) tempered[level] = 0;
  }
}
