import { framesPerSecond, type FrameRate } from '../foundation/frame-rate.js';

/** Where nothing tells a rate. */
export const defaultFrameRate: FrameRate = { numerator: 25, denominator: 1 };

/** Pictures a second beyond which a stated rate is the tick of a container's clock. */
const fastest = 300;

/**
 * The constant rate at which to read a file, from its two rates: `base`, at which every timestamp can be written
 * (exact), and `average`, pictures over duration (rounded to two decimals, or null where it is unknown). They differ
 * where the rate varies: then the average keeps both the duration and, nearly, the number of pictures. Rounded
 * timestamps and cut ends move the average by a few percent only; then the base is the truth. Null where the file tells
 * no rate, only the tick of a clock.
 */
export function constantFrameRate(base: FrameRate, average: number | null): FrameRate | null {
  if (average !== null && rateVaries(base, average)) {
    return average <= fastest ? frameRateBetween(average - 0.005, average + 0.005) : null;
  }
  return isRate(base) ? base : null;
}

/** Whether pictures may come at a rate that a file states, or it is the tick of a clock. */
export function isRate(stated: FrameRate): boolean {
  return framesPerSecond(stated) <= fastest;
}

/** Whether pictures come at times that their base rate has not: by more than rounded timestamps and cut ends do. */
export function rateVaries(base: FrameRate, average: number | null): boolean {
  return average !== null && Math.abs(average / framesPerSecond(base) - 1) >= 0.05;
}

/**
 * The rate that is meant by one known only to lie within [low, high], 0 < low < high: an integer, else a rate of NTSC
 * such as 30000/1001, else the fraction with the smallest denominator.
 */
export function frameRateBetween(low: number, high: number): FrameRate {
  const simplest = simplestFraction(low, high);
  const ntsc = Math.round((high * 1001) / 1000) * 1000;
  const isNtsc = simplest.denominator > 1 && ntsc >= 1001 * low && ntsc <= 1001 * high;
  return isNtsc ? { numerator: ntsc, denominator: 1001 } : simplest;
}

/** Goes down the Stern-Brocot tree. */
function simplestFraction(low: number, high: number): FrameRate {
  const whole = Math.ceil(low);
  if (whole <= high) return { numerator: whole, denominator: 1 };
  const below = whole - 1;
  const rest = simplestFraction(1 / (high - below), 1 / (low - below));
  return { numerator: below * rest.numerator + rest.denominator, denominator: rest.numerator };
}
