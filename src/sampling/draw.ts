import { z } from 'zod';
import { errorsOf, type PxvError } from '../foundation/errors.js';
import { LEAST_TEMPERATURE, MOST_TEMPERATURE } from '../model/heads/logistic-mixture.js';

/** How the level of a sub-pixel is drawn from the probabilities that a model gives. */
export interface DrawSettings {
  /**
   * 1 changes nothing, 0 takes the most probable level. Otherwise, of a softmax and a sigmoid, probabilities are raised to
   * 1 / temperature and renormalised. The scales of a mixture are multiplied by it, and means stay: below 1 what is drawn keeps closer to
   * one of the means, which move where the anchors do. Its weights are raised to it: a narrow draw makes the choice for the pixels after
   * it surer than it should be, and flatter weights make up for that (docs/decisions/0013-how-futures-are-drawn.md).
   */
  temperature: number;
}

/** The model's own distribution, under which images are scored. */
export const AS_SCORED: DrawSettings = { temperature: 1 };

/** What a program may ask for; `checkDrawSettings` looks at the number. */
export const drawSettingsSchema = z
  .strictObject({ temperature: z.custom<number>((value) => typeof value === 'number', 'expected a number') })
  .partial();

/** Throws a `USAGE` error unless the temperature is 0, or lies between 0.0001 and 10000. */
export function checkDrawSettings({ temperature }: DrawSettings): void {
  if (temperature === 0 || (temperature >= LEAST_TEMPERATURE && temperature <= MOST_TEMPERATURE)) return;
  const expected = `0, or a number from ${LEAST_TEMPERATURE} to ${MOST_TEMPERATURE}`;
  const remedy = 'use 1 for the model as it is';
  throw errorsOf('USAGE', 'set up sampling')('temperature', expected, String(temperature), remedy);
}

/** The error where the probabilities of levels have no finite sum above 0. */
export function unusableProbabilities(received: number): PxvError {
  const remedy = 'use another model, for the weights of this one are not finite';
  return errorsOf('CHECKPOINT', 'draw a level')('probabilities', 'a finite sum above 0', String(received), remedy);
}
