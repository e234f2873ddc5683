import { z } from 'zod';
import { drawSettingsSchema } from '../sampling/draw.js';
import { parseConfiguration } from '../model/parse-configuration.js';

const whole = (least: number) => z.int().min(least);
// Also one that is not finite, of which the task says what is wanted.
const number = z.custom<number>((value) => typeof value === 'number', 'expected a number');
const callback = z.custom<(...given: never[]) => unknown>(
  (value) => typeof value === 'function',
  'expected a function',
);
const size = z.strictObject({ width: whole(1), height: whole(1) });

/** What options of tasks may be. What depends on the model, or on more than one option, is left to the task. */
export const optionOf = {
  count: whole(1),
  countOrNone: whole(0),
  flag: z.boolean(),
  text: z.string(),
  callback,
  signal: z.instanceof(AbortSignal),
  seed: z.union([number, z.bigint()], 'expected a number or a bigint'),
  fit: z.enum(['crop', 'stretch']),
  size: z.union(
    [size, z.strictObject({ shortSide: whole(1), enlarge: z.boolean().optional() }), z.strictObject({ within: size })],
    'expected { width, height }, { shortSide } or { within: { width, height } }',
  ),
  frameRate: z.union(
    [z.literal('model'), z.strictObject({ numerator: whole(1), denominator: whole(1) })],
    "expected { numerator, denominator }, as parseFrameRate gives it, or 'model'",
  ),
  settings: drawSettingsSchema,
};

/** A schema for each of a task's options. */
export type OptionSchemas<Options> = Record<keyof Options, z.ZodType>;

/**
 * Looks whether options are what a task takes: a program in JavaScript may say anything.
 *
 * @param required those that may not be left out, or undefined
 * @throws PxvError `USAGE` naming the first that is unknown or wrong
 */
export function checkOptions(
  operation: string,
  schemas: Record<string, z.ZodType>,
  options: object,
  required: readonly string[] = [],
): void {
  const ofAll = Object.entries(schemas).map(([name, one]) => [name, required.includes(name) ? one : one.optional()]);
  const source = { operation, argument: 'options', code: 'USAGE' } as const;
  parseConfiguration<unknown>(z.strictObject(Object.fromEntries(ofAll) as typeof schemas), options, source);
}
