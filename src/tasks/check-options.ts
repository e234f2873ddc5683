import { z } from 'zod';
import { parseConfiguration } from '../model/parse-configuration.js';
import type { Fields, OptionsOf, Parsed } from './options/fields.js';

/**
 * Looks whether options are what a task takes: a program in JavaScript may say anything. What depends on the model, or on more than one
 * option, is left to the task.
 *
 * @returns them with what is left out filled in
 * @throws PxvError `USAGE` naming the first that is unknown or wrong
 */
export function parseOptions<F extends Fields>(operation: string, fields: F, options: OptionsOf<F>): Parsed<F> {
  const source = { operation, argument: 'options', code: 'USAGE' } as const;
  return parseConfiguration<unknown>(z.strictObject(fields), options, source) as Parsed<F>;
}
