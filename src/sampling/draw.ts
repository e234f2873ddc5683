import { exp, log } from '../backend/elementary.js';
import { PxvError } from '../errors.js';
import type { ModelDescription } from '../model/description.js';
import { headOf } from '../model/heads/index.js';
import { LEAST_TEMPERATURE, MOST_TEMPERATURE } from '../model/heads/logistic-mixture.js';

export interface DrawSettings {
  /** Probabilities are raised to 1 / temperature and renormalised: 1 changes nothing, 0 takes the most probable level. */
  temperature: number;
  /** Draw among the fewest, most probable levels whose probabilities reach this sum (after the temperature); 1: all. */
  topP: number;
  /**
   * Temperature of a mixture's components, above 0; default 1. Scales are multiplied by it, and means stay: below 1 what is drawn
   * keeps closer to one of the means, which move where the anchors do. Weights are raised to it: a narrow draw makes the
   * choice for the pixels after it surer than it should be, and flatter weights make up for that
   * (docs/decisions/0031-narrower-draws-choose-more-freely.md).
   */
  componentTemperature?: number;
}

/** The model's own distribution, under which images are scored. */
export const AS_SCORED: Required<DrawSettings> = {
  temperature: 1,
  topP: 1,
  componentTemperature: 1,
};

const largestLevels = 256;
const tempered = new Float64Array(largestLevels);
const sorted = new Float64Array(largestLevels);

/**
 * Throws a `USAGE` error unless temperature is finite and >= 0, 0 < topP <= 1, and componentTemperature lies between 0.0001
 * and 10000; one other than 1 is refused where a head of the model has no components.
 */
export function checkDrawSettings(settings: DrawSettings, { scales }: ModelDescription): void {
  const { temperature, topP, componentTemperature = 1 } = settings;
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw wrongSetting('temperature', 'a number of 0 or more', temperature, 'use 1 for the model as it is');
  }
  if (!(topP > 0 && topP <= 1)) {
    throw wrongSetting('top-p', 'a number above 0 and up to 1', topP, 'use 1 to draw among all levels');
  }
  const wrongComponents = (expected: string) =>
    wrongSetting('component-temperature', expected, componentTemperature, 'use 1 for the model as it is');
  if (!(componentTemperature >= LEAST_TEMPERATURE && componentTemperature <= MOST_TEMPERATURE))
    throw wrongComponents(`a number from ${LEAST_TEMPERATURE} to ${MOST_TEMPERATURE}`);
  const unmixed = scales.find(({ head }) => !headOf(head).mixed);
  if (componentTemperature !== 1 && unmixed !== undefined)
    throw wrongComponents(`1 for a head '${unmixed.head.type}', which has no components`);
}

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

/** The error where the probabilities of levels have no finite sum above 0. */
export function unusableProbabilities(received: number): PxvError {
  return new PxvError({
    code: 'CHECKPOINT',
    operation: 'draw a level',
    argument: 'probabilities',
    expected: 'a finite sum above 0',
    received: String(received),
    remedy: 'use another model, for the weights of this one are not finite',
  });
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

/** The error about one setting of drawing. */
export function wrongSetting(argument: string, expected: string, received: number | string, remedy: string): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'set up sampling',
    argument,
    expected,
    received: String(received),
    remedy,
  });
}
