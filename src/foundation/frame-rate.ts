/** Frame rate: frames per second as a fraction in lowest terms, e.g. 30000/1001. */
export interface FrameRate {
  /** Frames in `denominator` seconds, a whole number from 1. */
  numerator: number;
  /** Number of seconds, a whole number from 1. */
  denominator: number;
}

/** Maximum of the numerator and of the denominator of a frame rate: FFmpeg holds each in a signed 32-bit integer. */
export const MAX_RATE_PART = 2 ** 31 - 1;

/** Maximum frame rate that `parseFrameRate` accepts, in frames per second. */
export const MAX_FRAME_RATE = 1000;

/**
 * Parses a frame rate: `10`, `12.5`, or a fraction such as `30000/1001`. Decimals of two or more places that are a
 * rounded NTSC rate become the exact NTSC rate: `29.97` gives 30000/1001. Returns null if `text` is not a rate above 0
 * and at most `MAX_FRAME_RATE`, or if its numerator is above `MAX_RATE_PART`.
 * @example
 * ```js
 * import { parseFrameRate } from 'pxv';
 *
 * console.log(parseFrameRate('30000/1001')); // { numerator: 30000, denominator: 1001 }
 * ```
 */
export function parseFrameRate(text: string): FrameRate | null {
  const [, whole, decimals = '', divisor] = /^(\d{1,10})(?:\.(\d{1,6})|\/(\d{1,7}))?$/.exec(text) ?? [];
  if (whole === undefined) return null;
  const denominator = divisor === undefined ? 10 ** decimals.length : Number(divisor);
  const perSecond = Number(whole + decimals) / denominator;
  // A divisor of 0 gives no number, or an endless one.
  if (!(perSecond > 0 && perSecond <= MAX_FRAME_RATE)) return null;
  const ntsc = Math.round(perSecond * 1.001) * 1000;
  const isNtsc = decimals.length >= 2 && (ntsc / 1001).toFixed(decimals.length) === `${Number(whole)}.${decimals}`;
  const rate = isNtsc ? { numerator: ntsc, denominator: 1001 } : reduced(Number(whole + decimals), denominator);
  return rate.numerator > MAX_RATE_PART ? null : rate;
}

/** Returns a frame rate as text that `parseFrameRate` parses to the same rate: `10` or `30000/1001`. */
export function formatFrameRate({ numerator, denominator }: FrameRate): string {
  return denominator === 1 ? String(numerator) : `${numerator}/${denominator}`;
}

/** Returns the frame rate as a number of frames per second. */
export function framesPerSecond({ numerator, denominator }: FrameRate): number {
  return numerator / denominator;
}

/**
 * Returns true if the higher of two frame rates is less than 5 % above the lower. Treats 30 and 29.97 (NTSC) as the
 * same, and 24 and 25 (PAL speed-up).
 */
export function isSameRate(a: FrameRate, b: FrameRate): boolean {
  return rateRatio(a, b) < 1.05;
}

/** Returns the higher of two frame rates divided by the lower: 1 or more. */
export function rateRatio(a: FrameRate, b: FrameRate): number {
  const ratio = framesPerSecond(a) / framesPerSecond(b);
  return Math.max(ratio, 1 / ratio);
}

/** Returns the frames per second as text for the user, rounded to two decimals. */
export function roundRate(rate: FrameRate): string {
  return String(Math.round(100 * framesPerSecond(rate)) / 100);
}

function reduced(numerator: number, denominator: number): FrameRate {
  let divisor = numerator;
  let rest = denominator;
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}
