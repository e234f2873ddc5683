import { z } from 'zod';
import { MAX_RATE_PART } from './frame-rate.js';
import { DEFAULT_SEED } from './philox.js';
import { parseConfiguration } from './parse-configuration.js';
import * as parse from './parse-flag.js';

/**
 * Command-line flag of an option field. Parser, choices and default are those of the field's schema unless set here.
 */
export interface Flag {
  /** Name without dashes. Default: the field's name in kebab case. */
  name?: string;
  /** Placeholder of the value in the help. A flag without a placeholder is a switch. */
  value?: string;
  /** Description in the help. */
  help: string;
  /** Maximum number that the command accepts, against typing errors. Programs may pass higher numbers. */
  max?: number;
  /** Heading of the help under which the flag is listed, such as `Computing:`. Default: `Options:`. */
  group?: string;
  /** Names of fields whose flags cannot be combined with this flag. */
  conflicts?: string[];
  /** Value that the switch stands for. Default: true. */
  preset?: string;
  /** True if the switch can be turned off by `--no-` before its name. */
  negatable?: boolean;
  /** Parser for a value of a form that no other flag has. Default: the parser of the field's schema. */
  parse?: (text: string) => unknown;
  /** Number above which the command warns, and the consequence of higher numbers, in words. */
  warnAbove?: { limit: number; consequence: string };
}

/** Registry of the flags, by schema of the option field. */
export const flagRegistry = z.registry<Flag>();

declare const flagged: unique symbol;
/** Schema of an option field that has a command-line flag. */
export type Flagged<S> = S & { readonly [flagged]: true };

/**
 * Adds a command-line flag to the schema `field` and returns `field`. A schema has one flag: derive a new schema from a
 * shared one first, as by `.optional()`.
 * @param value placeholder of the value in the help
 * @param help description in the help
 * @param more further properties of the flag
 */
export function withFlag<S extends z.ZodType>(
  field: S,
  value: string,
  help: string,
  more: Partial<Flag> = {},
): Flagged<S> {
  flagRegistry.add(field, { ...more, value, help });
  return field as Flagged<S>;
}

/**
 * Returns the schema of an optional boolean option whose flag is a switch.
 * @param help description in the help
 * @param more further properties of the flag
 */
export function booleanFlag(help: string, more: Partial<Flag> = {}) {
  const field = z.boolean().optional();
  flagRegistry.add(field, { ...more, help });
  return field as Flagged<typeof field>;
}

/** Schema of the value of a field: the field without default, optional and nullable. */
export type ValueSchema<S> = S extends z.ZodDefault<infer I> | z.ZodOptional<infer I> | z.ZodNullable<infer I>
  ? ValueSchema<I>
  : S;

/** Returns the schema of a field's value: the field without default, optional and nullable. */
export function valueSchema<S extends z.ZodType>(field: S): ValueSchema<S>;
export function valueSchema(field: z.ZodType): z.ZodType {
  const isWrapped = field instanceof z.ZodDefault || field instanceof z.ZodOptional || field instanceof z.ZodNullable;
  return isWrapped ? valueSchema(field.unwrap() as z.ZodType) : field;
}

/** Fields of a configuration that have a flag, each optional and without a default. */
export type OverridesOf<F extends OptionFields> = {
  [Name in keyof F as F[Name] extends Flagged<unknown> ? Name : never]: z.ZodOptional<ValueSchema<F[Name]>>;
};

/**
 * Returns the fields of a configuration that have a flag, each optional and without its default, so that only flags
 * that are given override a configuration.
 */
export function overridesOf<F extends OptionFields>(fields: F): OverridesOf<F> {
  const overrides = Object.entries(fields).flatMap(([name, field]) => {
    const flag = flagRegistry.get(field);
    return flag === undefined ? [] : [[name, valueSchema(field).optional().register(flagRegistry, flag)]];
  });
  return Object.fromEntries(overrides) as OverridesOf<F>;
}

/**
 * Returns the flag of an option field as users type the flag, such as `--key-frame-interval`.
 * @param name name of the field
 * @param field schema of the field, which must have a flag
 */
export function flagSpelling(name: string, field: z.ZodType): string {
  return `--${flagRegistry.get(field)!.name ?? kebabCase(name)}`;
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Returns the name of the field whose flag was given another name by `Flag.name`: `horizon` for `next`. Returns
 * undefined for all other flags, also for a flag that has its field's name.
 * @param flag name without dashes before it, in kebab or camel case
 */
export function fieldOfFlag(fields: OptionFields, flag: string): string | undefined {
  return Object.keys(fields).find((name) => flagRegistry.get(fields[name])?.name === kebabCase(flag));
}

/** Option fields of a task: zod schemas by name. */
export type OptionFields = Record<string, z.ZodType>;
/** Type of the options that a program passes: an option with a default may be omitted. */
export type OptionsOf<F extends OptionFields> = z.input<z.ZodObject<F>>;
/** Type of the options that `parseOptions` returns: options with a default are always present. */
export type ParsedOptions<F extends OptionFields> = z.output<z.ZodObject<F>>;

/**
 * Checks the options of a task, which a JavaScript program may pass in any form, and fills in defaults. Checks that
 * need the model, or more than one option, are left to the task.
 * @param operation name of the task in errors
 * @throws PxvError `USAGE` naming the first unknown or invalid option
 */
export function parseOptions<F extends OptionFields>(
  operation: string,
  fields: F,
  options: OptionsOf<F>,
): ParsedOptions<F> {
  return parseConfiguration<unknown>(z.strictObject(fields), options, {
    operation,
    argument: 'options',
    code: 'USAGE',
    keyNamed: (name) => fieldOfFlag(fields, name),
  }) as ParsedOptions<F>;
}

/** Returns the options whose names are in `fields` and whose values are not undefined. */
export function pickOptions<F extends OptionFields, O extends ParsedOptions<F>>(
  fields: F,
  options: O,
): Pick<O, keyof F & keyof O> {
  const given = (Object.keys(fields) as (keyof F & keyof O)[]).filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]])) as Pick<O, keyof F & keyof O>;
}

/** Returns the schema of an optional callback. Any function is accepted; its parameters are not checked. */
export const callbackField = <F extends (...given: never[]) => unknown>() =>
  z.custom<F>((value) => typeof value === 'function', 'expected a function').optional();

/** Schema of an optional signal that aborts a task: the task rejects with the signal's reason. */
export const signal = z.instanceof(AbortSignal).optional();
/**
 * Schema of an option that keeps finished work on an abort. True: the task returns the finished work. Default, false:
 * the task rejects.
 */
export const keepFinished = z.boolean().optional();
/** Schema of an integer from 1. */
export const positiveInteger = z.int().min(1);
/** Schema of an integer from 0. */
export const nonNegativeInteger = z.int().min(0);
/** Schema of a number of frames, from 0, or 'all' for every frame of a clip. */
export const framesOrAll = z
  .union([z.literal('all'), nonNegativeInteger], 'expected a whole number, or all')
  .register(parse.parserRegistry, { parse: parse.framesOrAll });
/** Schema of a finite number above 0. */
export const positiveNumber = z.number().positive();
/** Schema of any number, also NaN and infinities: the task's own error names the valid range. */
export const anyNumber = z
  .custom<number>((value) => typeof value === 'number', 'expected a number')
  .register(parse.parserRegistry, { parse: (text, flag) => parse.decimalNumber(text, flag, { min: 0 }) });

/** Schema of a size in pixels. */
export const pixelSize = z
  .strictObject({ width: positiveInteger, height: positiveInteger })
  .register(parse.parserRegistry, { parse: parse.size });
/**
 * Schema of the frame size that clips are scaled to: exact, by the short side, or the largest within a box. See
 * `TargetSize`.
 */
export const targetSize = z.union(
  [
    pixelSize,
    z.strictObject({ shortSide: positiveInteger, enlarge: z.boolean().exactOptional() }),
    z.strictObject({ within: pixelSize }),
  ],
  'expected { width, height }, { shortSide } or { within: { width, height } }',
);
/** Schema of the resize mode of a clip of another aspect ratio: `crop` or `stretch`. See `Fit`. */
export const fit = z.enum(['crop', 'stretch']);

const TEMPERATURE = 'below 1: closer to the most probable levels; 0: the most probable level everywhere';
const drawing = {
  group: 'Drawing:',
  warnAbove: { limit: 2, consequence: 'samples are mostly noise; 1 is the model itself' },
};
/** Option field `temperature` of tasks that sample images. Default: 1, the model's own distribution. */
export const imageSamplingFields = { temperature: withFlag(anyNumber.default(1), 't', TEMPERATURE, drawing) };
/** Option field `temperature` of tasks that sample rollouts. Default: the sampling settings in the model file. */
export const rolloutSamplingFields = {
  temperature: withFlag(anyNumber.optional(), 't', `${TEMPERATURE} (default: by the model, see below)`, drawing),
};

/** Schema of a seed: a number or a bigint. The range is not checked here but by `assertSeed`. */
export const anySeed = z
  .union([anyNumber, z.bigint()], 'expected a number or a bigint')
  .register(parse.parserRegistry, { parse: parse.seed });
/** Help text of the seed's flag. */
export const SEED = 'seed of all random numbers, 0 to 2^64 - 1';
/** Schema of the seed of all random numbers. Default: `DEFAULT_SEED`. */
export const seed = withFlag(anySeed.default(DEFAULT_SEED), 'number', SEED);
/** Schema of the option to replace existing output. Default: false, and existing output is an error. */
export const overwrite = booleanFlag('replace an existing --out');
/** Schema of the path of a folder with a data set's files. Default: the set's folder in the cache. */
export const data = withFlag(
  z.string().optional(),
  'folder',
  "folder of the data set's files (default: where pxv datasets get put them)",
);

/** Schema of a frame rate. */
export const frameRateValue = z
  .strictObject({
    /** Frames in `denominator` seconds, a whole number from 1. */
    numerator: positiveInteger.max(MAX_RATE_PART),
    /** Number of seconds, a whole number from 1. */
    denominator: positiveInteger.max(MAX_RATE_PART),
  })
  .register(parse.parserRegistry, { parse: parse.frameRate });
/** Schema of a frame rate, or 'model' for the rate that the model was trained at. */
export const frameRateOrModel = z
  .union(
    [z.literal('model'), frameRateValue],
    "expected { numerator, denominator }, as parseFrameRate gives it, or 'model'",
  )
  .register(parse.parserRegistry, {
    parse: (text, flag) => (text === 'model' ? text : parse.frameRate(text, flag)),
  });
/** Schema of the target frame rate. Default: each clip's own. */
export const frameRate = withFlag(
  frameRateOrModel.optional(),
  'rate',
  "target frame rate, or model for the model's (default: the clips' own)",
  { name: 'fps' },
);
