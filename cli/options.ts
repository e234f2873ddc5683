import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import type { BackendName, BackendOptions } from '../src/backend/choose-backend.js';
import type { InstructionSet } from '../src/backend/kernels/index.js';
import { assertFreeAddresses } from '../src/foundation/address-space.js';
import {
  booleanFlag,
  flagRegistry,
  flagSpelling,
  positiveInteger,
  valueSchema,
  withFlag,
  type OptionFields,
  type ParsedOptions,
} from '../src/foundation/option-fields.js';
import { flagParser } from '../src/foundation/parse-flag.js';
import { run, type CommandResult, type CommandContext } from './action.js';

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
  if (!(value instanceof z.ZodEnum)) return option.argParser(flagParser(value, spelling, flag.max));
  const chosen = option.choices(Object.keys(value.enum)).parseArg!;
  return option.argParser((word) => value.enum[chosen(word, '')]);
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
