import { z } from 'zod';
import type { Precision } from '../backend/precision.js';
import { DEFAULT_SEED } from '../foundation/philox.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import type { ProcessGroup } from '../distributed/process-group.js';

/** How a command asks for a field of a task's options. What it parses, its choices and its default are those of the field. */
export interface Flag {
  /** Default: the field's name, in kebab case. */
  name?: string;
  /** What stands for the value in the help; without one the flag is a switch. */
  value?: string;
  help: string;
  /** The largest number that a command takes: a slip is likelier than more, which a program may ask for. */
  max?: number;
  group?: string;
  /** The fields that are not asked for beside it. */
  conflicts?: string[];
  /** Of a switch: `--no-` before its name turns it off. */
  negatable?: boolean;
  /** Of a value that no other flag has. Default: by the field's schema. */
  parse?: (text: string) => unknown;
}

/** The flags of the fields that commands ask for. */
export const flagRegistry = z.registry<Flag>();

/** A field that a command asks for. A schema has one flag: of a shared one a field is made first, as by `.optional()`. */
export function withFlag<S extends z.ZodType>(field: S, value: string, help: string, more: Partial<Flag> = {}): S {
  flagRegistry.add(field, { ...more, value, help });
  return field;
}

/** A field that says whether something is done. */
export function booleanFlag(help: string, more: Partial<Flag> = {}) {
  return z
    .boolean()
    .optional()
    .register(flagRegistry, { ...more, help });
}

/** Returns the flag of a field as users type it, such as `--key-frame-interval`. */
export function flagSpelling(name: string, field: z.ZodType): string {
  return `--${flagRegistry.get(field)!.name ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The fields of a task's options. */
export type OptionFields = Record<string, z.ZodType>;
/** What a program may give. */
export type OptionsOf<F extends OptionFields> = z.input<z.ZodObject<F>>;
/** The same with the defaults of fields that are left out. */
export type ParsedOptions<F extends OptionFields> = z.output<z.ZodObject<F>>;

/**
 * Looks whether options are what a task takes: a program in JavaScript may say anything. What depends on the model, or on more than one
 * option, is left to the task.
 * @returns them with what is left out filled in
 * @throws PxvError `USAGE` naming the first that is unknown or wrong
 */
export function parseOptions<F extends OptionFields>(
  operation: string,
  fields: F,
  options: OptionsOf<F>,
): ParsedOptions<F> {
  const source = { operation, argument: 'options', code: 'USAGE' } as const;
  return parseConfiguration<unknown>(z.strictObject(fields), options, source) as ParsedOptions<F>;
}

/** Returns the options that belong to `fields` and are not undefined. */
export function pickOptions<F extends OptionFields, O extends ParsedOptions<F>>(
  fields: F,
  options: O,
): Pick<O, keyof F & keyof O> {
  const given = (Object.keys(fields) as (keyof F & keyof O)[]).filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]])) as Pick<O, keyof F & keyof O>;
}

/** A field that is called with something. */
export const callback = <F extends (...given: never[]) => unknown>() =>
  z.custom<F>((value) => typeof value === 'function', 'expected a function').optional();

export const signal = z.instanceof(AbortSignal).optional();
export const processGroup = z
  .custom<ProcessGroup>(
    (value) => typeof value === 'object' && value !== null && 'broadcast' in value,
    'expected a process group',
  )
  .optional();
export const positiveInteger = z.int().min(1);
export const nonNegativeInteger = z.int().min(0);
/** So many frames, or all of a clip. */
export const framesOrAll = z.union([z.literal('all'), nonNegativeInteger], 'expected a whole number, or all');
export const positiveNumber = z.number().positive();
// Also one that is not finite, of which the task says what is wanted.
export const anyNumber = z.custom<number>((value) => typeof value === 'number', 'expected a number');

export const pixelSize = z.strictObject({ width: positiveInteger, height: positiveInteger });
export const pictureSize = z.union(
  [
    pixelSize,
    z.strictObject({ shortSide: positiveInteger, enlarge: z.boolean().exactOptional() }),
    z.strictObject({ within: pixelSize }),
  ],
  'expected { width, height }, { shortSide } or { within: { width, height } }',
);
export const fit = z.enum(['crop', 'stretch']);

const TEMPERATURE = 'below 1: nearer to what is likeliest; 0: the likeliest level everywhere';
const drawing = { group: 'Drawing:' };
/** Of images: as they are scored, where nothing is asked for (see `FrameSettings`). */
export const imageDrawing = { temperature: withFlag(anyNumber.default(1), 't', TEMPERATURE, drawing) };
/** Of futures: as the model's file says. */
export const futureDrawing = {
  temperature: withFlag(anyNumber.optional(), 't', `${TEMPERATURE} (default: by the model, see below)`, drawing),
};

export const anySeed = z.union([anyNumber, z.bigint()], 'expected a number or a bigint');
export const SEED = 'makes everything random repeatable: 0 to 2^64 - 1';
export const seed = withFlag(anySeed.default(DEFAULT_SEED), 'number', SEED);
export const overwrite = booleanFlag('let --out take the place of what is there');
export const data = withFlag(
  z.string().optional(),
  'folder',
  "folder of the data set's files (default: where pxv datasets get put them)",
);

export const frameRateValue = z.strictObject({
  /** Frames that come in `denominator` seconds, a whole number from 1. */
  numerator: positiveInteger,
  /** Seconds, a whole number from 1. */
  denominator: positiveInteger,
});
export const frameRateOrModel = z.union(
  [z.literal('model'), frameRateValue],
  "expected { numerator, denominator }, as parseFrameRate gives it, or 'model'",
);
export const frameRate = withFlag(
  frameRateOrModel.optional(),
  'rate',
  "frames a second to bring clips to, or model for the model's (default: their own)",
  { name: 'fps' },
);

export const precision = withFlag(
  z.enum(['float32', 'bf16'] satisfies Precision[]).optional(),
  'name',
  'products of a training step: bf16 is faster, rougher, and needs AVX-512 BF16 or AMX',
  { group: 'Computing:' },
);
