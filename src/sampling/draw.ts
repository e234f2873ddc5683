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
