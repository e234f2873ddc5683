import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import type { BackendName, BackendOptions } from '../src/backend/choose-backend.js';
import type { InstructionSet } from '../src/backend/kernels/index.js';
import { assertFreeAddresses } from '../src/foundation/address-space.js';
import { errorFactory } from '../src/foundation/errors.js';
import type { Size } from '../src/foundation/frame.js';
import { MAX_FRAME_RATE, parseFrameRate, type FrameRate } from '../src/foundation/frame-rate.js';
import * as fields from '../src/options/fields.js';
import type { OptionFields, ParsedOptions } from '../src/options/fields.js';
import { run, type CommandResult, type CommandContext } from './action.js';

const { withFlag, positiveInteger, flagRegistry, flagSpelling, booleanFlag, valueSchema } = fields;

/** Flags of every command. */
const reporting = {
  json: booleanFlag('print the result as one JSON object'),
  quiet: booleanFlag('print only the result and errors, no progress or warnings'),
};

/** Action of a command: receives its context, its arguments, and the values of its fields. */
export type Action<F extends OptionFields, Arguments extends unknown[] = []> = (
  work: CommandContext,
  ...given: [...Arguments, ParsedOptions<F>]
) => Promise<CommandResult>;

/**
 * Sets the action of a command. Adds the flags of `fields`, whose values the action receives after the command's
 * arguments, and the flags of every command. Before the action, prints warnings of unusual values. With a field
 * `threads`, also checks that enough address space is free.
 * @param settings settings of `run`
 */
export function addAction<F extends OptionFields, Arguments extends unknown[]>(
  command: Command,
  fields: F,
  action: Action<F, Arguments>,
  settings?: Parameters<typeof run>[1],
): Command {
  const checked: Action<F, Arguments> = (work, ...given) => {
    const options = given.at(-1) as ParsedOptions<F>;
    for (const warning of warningsOf(fields, options)) work.progress.log(`pxv: warning: ${warning}`);
    if ('threads' in fields) assertFreeAddresses(command.name(), addressesFor(options));
    return action(work, ...given);
  };
  return addFields(command, { ...fields, ...reporting }).action(run(checked, settings));
}

/** Returns the bytes of addresses that a command reserves besides those for its arrays. */
function addressesFor({ threads = availableParallelism() }: { threads?: number | undefined }): number {
  return (640 + 72 * threads) * 2 ** 20;
}

/** Returns a warning of one line for each option above the number that its flag warns above. */
function warningsOf<F extends OptionFields>(fields: F, options: ParsedOptions<F>): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const { warnAbove } = flagRegistry.get(field)!;
    const value = (options as Record<string, unknown>)[name];
    if (warnAbove === undefined || typeof value !== 'number' || value <= warnAbove.limit) return [];
    return [`${flagSpelling(name, field)} ${value}: above ${warnAbove.limit} ${warnAbove.consequence}`];
  });
}

/**
 * Adds the flag of each field to a command, and returns the command; parsed values are stored under the names of the
 * fields.
 */
export function addFields(command: Command, fields: OptionFields): Command {
  for (const [name, field] of Object.entries(fields)) {
    const option = optionOf(name, field);
    command.addOption(option);
    if (!flagRegistry.get(field)!.negatable) continue;
    // One line of the help shows both flags.
    command.addOption(new Option(option.flags.replace('--', '--no-')).hideHelp());
    option.flags = option.flags.replace('--', '--[no-]');
  }
  return command;
}

function optionOf(name: string, field: z.ZodType): Option {
  const flag = flagRegistry.get(field)!;
  const spelling = flagSpelling(name, field);
  const option = new Option(flag.value === undefined ? spelling : `${spelling} <${flag.value}>`, flag.help);
  option.attributeName = () => name;
  if (flag.group !== undefined) option.helpGroup(flag.group);
  if (flag.conflicts !== undefined) option.conflicts(flag.conflicts);
  if (field instanceof z.ZodDefault) option.default(field.def.defaultValue);
  const value = valueSchema(field);
  option.makeOptionMandatory(value === field);
  if (flag.preset !== undefined) return option.preset(flag.preset);
  if (flag.parse !== undefined) return option.argParser(flag.parse);
  if (value instanceof z.ZodBoolean) return option;
  // File names are collected unchanged: opening a file with an empty name fails later.
  if (value instanceof z.ZodArray && value.element instanceof z.ZodString) return option;
  if (!(value instanceof z.ZodEnum)) return option.argParser(parserOf(value, spelling, flag.max));
  const chosen = option.choices(Object.keys(value.enum)).parseArg!;
  return option.argParser((word) => value.enum[chosen(word, '')]);
}

function parserOf(value: z.ZodType, flag: string, most?: number): (text: string, before?: unknown) => unknown {
  if (value instanceof z.ZodArray) {
    const parse = parserOf(value.element as z.ZodType, flag, most);
    return (text, before = []) => [...(before as unknown[]), parse(text)];
  }
  if (value === fields.anySeed) return seed;
  if (value === fields.anyNumber) return (text) => decimalNumber(text, flag, { min: 0 });
  if (value === fields.pixelSize) return (text) => size(text, flag);
  if (value === fields.frameRateValue) return (text) => frameRate(text, flag);
  if (value === fields.framesOrAll) return (text) => framesOrAll(text, flag);
  if (value === fields.frameRateOrModel) return (text) => (text === 'model' ? text : frameRate(text, flag));
  if (value instanceof z.ZodNumber) {
    const max = most ?? value.maxValue!;
    return value.isInt
      ? (text) => wholeNumber(text, flag, value.minValue!, max)
      : (text) => decimalNumber(text, flag, { min: value.minValue!, max, above: true });
  }
  return (text) => path(text, flag);
}

const group = 'Computing:';
/** Option fields of commands that compute: the options of `chooseBackend`. */
export const computing = {
  threads: withFlag(positiveInteger.optional(), 'count', 'number of threads (default: one for each core)', {
    max: 256,
    group,
  }),
  backend: withFlag(
    z.enum(['native', 'cpu', 'tensorflow', 'webgpu'] satisfies BackendName[]).optional(),
    'name',
    'backend for whole images; samples are always drawn on the CPU (default: native)',
    { group },
  ),
  instructionSet: withFlag(
    z.enum(['wasm', 'portable', 'avx2', 'avx512', 'amx', 'neon'] satisfies InstructionSet[]).optional(),
    'name',
    'kernels of the native backend (default: the best of this CPU)',
    { group },
  ),
} satisfies Record<keyof BackendOptions, z.ZodType>;

/** Option field that names the model, for commands on video. */
export const videoModel = withFlag(
  z.string().optional(),
  'run|name',
  'run folder, .safetensors file or shipped model (default: video-64)',
);

/** Returns a `USAGE` error about an option. Parameters are those of a function of `errorFactory`. */
export const invalidOption = errorFactory('USAGE', 'read options');

function wrongValue(flag: string, expected: string, text: string, remedy: string): Error {
  return invalidOption(flag, expected, JSON.stringify(text), remedy);
}

/**
 * Returns the path of a file or folder as it is.
 * @param flag flag as typed, for the error
 * @throws PxvError `USAGE` if `text` is empty, for example from an unset variable
 */
export function path(text: string, flag: string): string {
  if (text !== '') return text;
  throw wrongValue(flag, 'the name of a file or folder', text, 'give a name, or leave out the option');
}

/**
 * Parses a whole number from `min` to `max`, inclusive.
 * @param flag flag as typed, for the error
 * @throws PxvError `USAGE` if `text` is anything else
 */
export function wholeNumber(text: string, flag: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  // The largest exact integer is mentioned only if the number exceeds it.
  const range = max === Number.MAX_SAFE_INTEGER && !(value > max) ? `of ${min} or more` : `from ${min} to ${max}`;
  if (/^[+-]?\d+$/.test(text) && value >= min && value <= max) return value;
  throw wrongValue(flag, `a whole number ${range}`, text, `give one such as ${flag} ${min}`);
}

/**
 * Parses a number from `min` to `max`, inclusive; `min` itself is refused if `above` is true.
 * @param flag flag as typed, for the error
 * @throws PxvError `USAGE` if `text` is anything else, also an infinite number
 */
export function decimalNumber(
  text: string,
  flag: string,
  { min, max = Infinity, above = false }: { min: number; max?: number | undefined; above?: boolean },
): number {
  const value = Number(text);
  if (text.trim() !== '' && (above ? value > min : value >= min) && value <= max && value < Infinity) return value;
  const from = above ? `above ${min}` : `of at least ${min}`;
  const range = max === Infinity ? from : `${from} and at most ${max}`;
  throw wrongValue(flag, `a number ${range}`, text, 'give one in this range');
}

/**
 * Parses a size in pixels such as `64x48`, width x height.
 * @param flag flag as typed, for the error
 * @throws PxvError `USAGE` if `text` is anything else
 */
export function size(text: string, flag: string): Size {
  const [, width, height] = (/^(\d{1,5})x(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (width > 0 && height > 0) return { width, height };
  throw wrongValue(flag, 'width x height in pixels', text, `write it as in ${flag} 64x48`);
}

/**
 * Parses a frame rate such as `10`, `29.97` or `30000/1001` (see `parseFrameRate`).
 * @param flag flag as typed, for the error
 * @throws PxvError `USAGE` if `text` is anything else
 */
export function frameRate(text: string, flag: string): FrameRate {
  const rate = parseFrameRate(text);
  if (rate !== null) return rate;
  const expected = `frames per second, above 0 and at most ${MAX_FRAME_RATE}`;
  throw wrongValue(flag, expected, text, `give them as in ${flag} 10, ${flag} 12.5 or ${flag} 30000/1001`);
}

/** Parses a number of frames, or "all". */
function framesOrAll(text: string, flag: string): number | 'all' {
  if (text === 'all') return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrongValue(flag, 'a whole number of frames, or all', text, `give one such as ${flag} 12`);
}

/**
 * Parses a seed, a whole number from 0 to 2^64 - 1. Returns a bigint above 2^53 - 1, else a number.
 * @throws PxvError `USAGE` if `text` is anything else
 */
export function seed(text: string): number | bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value < 1n << 64n) return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  throw wrongValue('--seed', 'a whole number from 0 to 2^64 - 1', text, 'give one such as --seed 1');
}
