import { framesPerSecond, MAX_RATE_PART, type FrameRate } from '../foundation/frame-rate.js';

/** Default frame rate, 25 frames per second, of clips that state none. */
export const defaultFrameRate: FrameRate = { numerator: 25, denominator: 1 };

/** Maximum frames per second; a higher stated rate is a container's time base. */
const fastest = 300;

/**
 * Returns the constant rate at which to read a file, from its two stated rates. If they differ by 5 % or more, the rate
 * varies: returns `average`, which keeps the duration and nearly the number of frames. Else returns `base`, since
 * rounded timestamps and cut ends move the average by a few percent only. Returns null if the chosen rate is above 300
 * frames per second, or 0: the file states a time base instead of a rate.
 * @param base rate at which every timestamp can be written; exact
 * @param average frames over duration, rounded to two decimals; null if unknown
 */
export function constantFrameRate(base: FrameRate, average: number | null): FrameRate | null {
  if (average !== null && rateVaries(base, average))
    return average <= fastest && average > 0.005 ? frameRateBetween(average - 0.005, average + 0.005) : null;
  return isRate(base) ? base : null;
}

/** Returns true if a file's stated rate is at most 300 frames per second. A higher number is a time base, no rate. */
export function isRate(stated: FrameRate): boolean {
  return framesPerSecond(stated) <= fastest;
}

/**
 * Returns true if the average rate differs from the base rate by 5 % or more. Rounded timestamps and cut ends alone
 * make a smaller difference. Returns false if the average rate is unknown.
 */
export function rateVaries(base: FrameRate, average: number | null): boolean {
  return average !== null && Math.abs(average / framesPerSecond(base) - 1) >= 0.05;
}

/**
 * Returns the most plausible rate in [low, high], 0 < low <= high, both from 1e-6 to 1e6: an integer, else a rate of
 * NTSC such as 30000/1001, else the fraction with the smallest denominator. If a part of that fraction exceeds
 * `MAX_RATE_PART`, returns `low` rounded to thousandths, or a rate of one frame in a whole number of seconds.
 */
export function frameRateBetween(low: number, high: number): FrameRate {
  const simplest = simplestFraction(low, high);
  if (Math.max(simplest.numerator, simplest.denominator) > MAX_RATE_PART)
    return low < 1
      ? { numerator: 1, denominator: Math.round(1 / low) }
      : { numerator: Math.round(1000 * low), denominator: 1000 };
  const ntsc = Math.round((high * 1001) / 1000) * 1000;
  const isNtsc = simplest.denominator > 1 && ntsc >= 1001 * low && ntsc <= 1001 * high;
  return isNtsc ? { numerator: ntsc, denominator: 1001 } : simplest;
}

/** Steps down the Stern-Brocot tree after which all bits of a float64 are used, and rounding decides. */
const MAX_STEPS = 40;

/** Returns the fraction with the smallest denominator in [low, high], by descending the Stern-Brocot tree. */
function simplestFraction(low: number, high: number, step = 0): FrameRate {
  const whole = Math.ceil(low);
  if (whole <= high || step === MAX_STEPS) return { numerator: whole, denominator: 1 };
  const below = whole - 1;
  const rest = simplestFraction(1 / (high - below), 1 / (low - below), step + 1);
  return { numerator: below * rest.numerator + rest.denominator, denominator: rest.numerator };
}
