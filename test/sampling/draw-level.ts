import { exp, log } from '../elementary.js';
import { unusableProbabilities } from '../../src/sampling/engine.js';

const tempered = new Float64Array(256);

/**
 * Draws a level by inverse transform: the first whose cumulative sum exceeds u times the total, both summed in float64
 * in ascending order. Of equally probable levels, the lower counts as the more probable.
 *
 * @param probabilities - At least `levels` entries, >= 0; they need not add up to 1.
 * @param levels - 1 to 256.
 * @param u - Strictly between 0 and 1.
 * @param temperature - 0 or more: probabilities are raised to 1 / temperature; 0 takes the most probable level.
 * @returns A level from 0 to `levels - 1`. Probabilities without a finite positive sum are a `CHECKPOINT` error.
 */
export function drawLevel(probabilities: Float64Array, levels: number, u: number, temperature: number): number {
  const given = sum(probabilities, levels);
  if (!(given > 0 && given < Infinity)) throw unusableProbabilities(given);
  if (temperature === 0) return mostProbable(probabilities, levels);
  if (temperature === 1) return invert(probabilities, levels, u * given);

  temper(probabilities, levels, temperature);
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
    tempered[level] = ratio === 1 ? ratio : exp(log(ratio) / temperature);
  }
}
