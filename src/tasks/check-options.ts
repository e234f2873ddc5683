import { z } from 'zod';
import { parseConfiguration } from '../model/parse-configuration.js';
import { callback, signal, type Fields, type OptionsOf, type Parsed } from './options/fields.js';

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

/** What options of a training may be. */
export const optionOf = { callback: callback(), flag: z.boolean(), text: z.string(), signal };

/** A schema for each of a task's options. */
export type OptionSchemas<Options> = Record<keyof Options, z.ZodType>;

/** As `parseOptions`, of options that may all be left out. */
export function checkOptions(operation: string, schemas: Record<string, z.ZodType>, options: object): void {
  parseOptions(operation, z.strictObject(schemas).partial().shape, options as Record<string, unknown>);
}
