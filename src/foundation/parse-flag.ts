import { z } from 'zod';
import { errorFactory } from './errors.js';
import type { Size } from './frame.js';
import { MAX_FRAME_RATE, parseFrameRate, type FrameRate } from './frame-rate.js';

/** Parser of a flag's text. `flag` is the flag as typed, for errors; `max` is the maximum number to accept. */
type FlagParser = (text: string, flag: string, max?: number) => unknown;

/** Registry of the parsers of values that are no whole numbers or paths, by schema of the value. */
export const parserRegistry = z.registry<{ parse: FlagParser }>();

/**
 * Returns the parser of a flag's text; of a list, the parser of one item, which is added to those before.
 * @param value schema of the value (see `valueSchema`)
 * @param flag flag as typed, for errors
 * @param max maximum number to accept; default: unlimited
 */
export function flagParser(value: z.ZodType, flag: string, max?: number): (text: string, before?: unknown) => unknown {
  if (value instanceof z.ZodArray) {
    const parse = flagParser(value.element as z.ZodType, flag, max);
    return (text, before = []) => [...(before as unknown[]), parse(text)];
  }
  const registered = parserRegistry.get(value);
  if (registered !== undefined) return (text) => registered.parse(text, flag, max);
  if (value instanceof z.ZodNumber) {
    const most = max ?? value.maxValue!;
    return value.isInt
      ? (text) => wholeNumber(text, flag, value.minValue!, most)
      : (text) => decimalNumber(text, flag, { min: value.minValue!, max: most, above: true });
  }
  return (text) => path(text, flag);
}

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
export function framesOrAll(text: string, flag: string): number | 'all' {
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
