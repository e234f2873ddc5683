import { Option, type Command } from 'commander';
import type { BackendName } from '../src/backend/choose-backend.js';
import type { InstructionSet } from '../src/backend/kernels/index.js';
import type { Precision } from '../src/backend/precision.js';
import { PxvError } from '../src/errors.js';
import type { Size } from '../src/frame.js';
import { DEFAULT_SEED } from '../src/philox.js';
import { HIGHEST_FRAME_RATE, parseFrameRate, type FrameRate } from '../src/frame-rate.js';

const backends = ['native', 'cpu', 'tensorflow'] as const satisfies readonly BackendName[];
const instructionSets = [
  'wasm',
  'portable',
  'avx2',
  'avx512',
  'amx',
  'neon',
] as const satisfies readonly InstructionSet[];

/** For commands that compute: the options of `chooseBackend`, under the same names. */
export function addComputeOptions(command: Command): Command {
  const options = [
    new Option('--threads <count>', 'threads to compute with (default: one for each core)').argParser(
      wholeNumber('--threads', 1, 256),
    ),
    new Option(
      '--backend <name>',
      'what computes whole images; drawing, pixel by pixel, is on the CPU in any case (default: native)',
    ).choices(backends),
    new Option('--instruction-set <name>', 'kernels of the native backend (default: the best of this CPU)').choices(
      instructionSets,
    ),
  ];
  for (const option of options) command.addOption(option.helpGroup('Computing:'));
  return command;
}

const precisions = ['float32', 'bf16'] as const satisfies readonly Precision[];

/** For commands that train. */
export function addPrecisionOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--precision <name>',
      'products of a training step: bf16 is faster, rougher, and needs AVX-512 BF16 or AMX',
    )
      .choices(precisions)
      .helpGroup('Computing:'),
  );
}

export function addSeedOption(command: Command): Command {
  return command.option('--seed <number>', 'makes everything random repeatable: 0 to 2^64 - 1', seed, DEFAULT_SEED);
}

export function addModelOption(command: Command): Command {
  return command.option('--model <run|name>', 'run folder, .safetensors file or shipped model (default: video-64)');
}

/** @param what is brought to the model's size */
export function addFitOption(command: Command, what = 'frames are'): Command {
  const option = new Option('--fit <name>', `how ${what} brought to the model's size`).choices(['crop', 'stretch']);
  return command.addOption(option.default('crop'));
}

/** For commands that read clips for a model. */
export function addRateOption(command: Command): Command {
  const rate = frameRate('--fps');
  return command.addOption(
    new Option(
      '--fps <rate>',
      "frames a second to bring clips to, or model for the model's (default: their own)",
    ).argParser((text) => (text === 'model' ? text : rate(text))),
  );
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print the result as one JSON object');
}

/** For commands that write a file or folder that the user named. */
export function addOverwriteOption(command: Command): Command {
  return command.option('--overwrite', 'let --out take the place of what is there');
}

export function addDataOption(command: Command): Command {
  return command.option('--data <folder>', "folder of the data set's files (default: where pxv datasets get put them)");
}

/** A parser of names of files and folders: an empty one, as of a variable that is not set, names nothing. */
export function path(flag: string): (text: string) => string {
  return (text) => {
    if (text !== '') return text;
    throw wrongOption(flag, 'the name of a file or folder', text, 'give one, or leave the option out');
  };
}

/** A parser of whole numbers from `min` to `max`, both included. */
export function wholeNumber(flag: string, min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    // The largest that is exact is named to whom it concerns.
    const range = max === Number.MAX_SAFE_INTEGER && !(value > max) ? `of ${min} or more` : `from ${min} to ${max}`;
    if (/^[+-]?\d+$/.test(text) && value >= min && value <= max) return value;
    throw wrongOption(flag, `a whole number ${range}`, text, `give one such as ${flag} ${min}`);
  };
}

/** A parser of numbers from `min` to `max`; `min` itself is left out where `above`. */
export function decimalNumber(
  flag: string,
  { min, max = Infinity, above = false }: { min: number; max?: number; above?: boolean },
): (text: string) => number {
  const from = above ? `above ${min}` : `of at least ${min}`;
  const range = max === Infinity ? from : `${from} and at most ${max}`;
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && (above ? value > min : value >= min) && value <= max && value < Infinity) return value;
    throw wrongOption(flag, `a number ${range}`, text, 'give one in this range');
  };
}

/** A parser of values given one after another, each parsed on its own. */
export function listOf(parse: (text: string) => number): (text: string, before?: number[]) => number[] {
  return (text, before = []) => [...before, parse(text)];
}

/** A parser of sizes in pixels, such as 64x48: width, then height. */
export function size(flag: string): (text: string) => Size {
  return (text) => {
    const [, width, height] = (/^(\d{1,5})x(\d{1,5})$/.exec(text) ?? []).map(Number);
    if (width > 0 && height > 0) return { width, height };
    throw wrongOption(flag, 'width x height in pixels', text, `write it as in ${flag} 64x48`);
  };
}

/** A parser of frame rates, such as 10, 29.97 and 30000/1001. */
export function frameRate(flag: string): (text: string) => FrameRate {
  return (text) => {
    const rate = parseFrameRate(text);
    if (rate !== null) return rate;
    const expected = `frames a second, above 0 and at most ${HIGHEST_FRAME_RATE}`;
    throw wrongOption(flag, expected, text, `give them as in ${flag} 10, ${flag} 12.5 or ${flag} 30000/1001`);
  };
}

/** A seed of 64 bits; a bigint only where a number cannot hold it. */
export function seed(text: string): number | bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value < 1n << 64n) return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  throw wrongOption('--seed', 'a whole number from 0 to 2^64 - 1', text, 'give one such as --seed 1');
}

function wrongOption(flag: string, expected: string, text: string, remedy: string): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'read options',
    argument: flag,
    expected,
    received: JSON.stringify(text),
    remedy,
  });
}
