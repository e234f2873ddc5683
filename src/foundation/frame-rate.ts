/** Frames per second as a fraction in lowest terms, e.g. 30000/1001. */
export interface FrameRate {
  /** Frames that come in `denominator` seconds, a whole number from 1. */
  numerator: number;
  /** Seconds, a whole number from 1. */
  denominator: number;
}

/** The highest rate that may be asked for, in frames a second. */
export const HIGHEST_FRAME_RATE = 1000;

/**
 * The rate that a text means: `10`, `12.5`, or a fraction as `30000/1001`. Decimals of at least two places that a rate of
 * NTSC rounds to are that rate: 29.97 is 30000/1001. Null where it is no rate above 0 and at most `HIGHEST_FRAME_RATE`.
 */
export function parseFrameRate(text: string): FrameRate | null {
  const [, whole, decimals = '', divisor] = /^(\d{1,7})(?:\.(\d{1,6})|\/(\d{1,7}))?$/.exec(text) ?? [];
  if (whole === undefined) return null;
  const denominator = divisor === undefined ? 10 ** decimals.length : Number(divisor);
  const perSecond = Number(whole + decimals) / denominator;
  // A divisor of 0 gives no number, or an endless one.
  if (!(perSecond > 0 && perSecond <= HIGHEST_FRAME_RATE)) return null;
  const ntsc = Math.round(perSecond * 1.001) * 1000;
  const isNtsc = decimals.length >= 2 && (ntsc / 1001).toFixed(decimals.length) === `${Number(whole)}.${decimals}`;
  return isNtsc ? { numerator: ntsc, denominator: 1001 } : reduced(Number(whole + decimals), denominator);
}

/** A rate as `parseFrameRate` reads it, exactly: `10` or `30000/1001`. */
export function formatFrameRate({ numerator, denominator }: FrameRate): string {
  return denominator === 1 ? String(numerator) : `${numerator}/${denominator}`;
}

export function framesPerSecond({ numerator, denominator }: FrameRate): number {
  return numerator / denominator;
}

/** Whether two rates are the same but for what cameras, NTSC and films on television differ by: 24 and 25 are. */
export function isSameRate(a: FrameRate, b: FrameRate): boolean {
  return rateRatio(a, b) < 1.05;
}

/** The factor between two rates, 1 or more. */
export function rateRatio(a: FrameRate, b: FrameRate): number {
  const ratio = framesPerSecond(a) / framesPerSecond(b);
  return Math.max(ratio, 1 / ratio);
}

/** A rate to be read by people, rounded to two decimals. */
export function roundRate(rate: FrameRate): string {
  return String(Math.round(100 * framesPerSecond(rate)) / 100);
}

function reduced(numerator: number, denominator: number): FrameRate {
  let [divisor, rest] = [numerator, denominator];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}
