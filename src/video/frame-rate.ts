/** Frames per second as a fraction in lowest terms, e.g. 30000/1001. */
export interface FrameRate {
  numerator: number;
  denominator: number;
}

/** Pictures a second where nothing tells a rate. */
export const defaultFrameRate: FrameRate = { numerator: 25, denominator: 1 };

/** Beyond this a stated rate is a clock of the container, not a rate of pictures. */
const fastest = 300;

/**
 * The rate that stands for a printed one. FFmpeg prints two decimals, so `29.97` is 30000/1001 (the rates of NTSC
 * come first) and `11.11` is the simplest fraction that prints the same, 100/9.
 */
export function frameRateFromPrinted(perSecond: number): FrameRate {
  const ntsc = Math.round((perSecond * 1001) / 1000);
  if (!Number.isInteger(perSecond) && Math.abs((ntsc * 1000) / 1001 - perSecond) <= 0.005) {
    return { numerator: ntsc * 1000, denominator: 1001 };
  }
  return simplestFraction(perSecond - 0.005, perSecond + 0.005);
}

/** The fraction of smallest denominator within [low, high], 0 < low < high: a walk down the Stern-Brocot tree. */
function simplestFraction(low: number, high: number): FrameRate {
  const whole = Math.ceil(low);
  if (whole <= high) return { numerator: whole, denominator: 1 };
  const below = whole - 1;
  const rest = simplestFraction(1 / (high - below), 1 / (low - below));
  return { numerator: below * rest.numerator + rest.denominator, denominator: rest.numerator };
}

/**
 * The constant rate at which to read a file, from its two rates: `base`, at which every timestamp can be written
 * (exact), and `average`, pictures over duration (printed, or null where it is unknown). They differ where the rate
 * varies: then the average keeps both the duration and, nearly, the number of pictures. Rounded timestamps and cut
 * ends move the average by a few percent only; then the base is the truth. Null where the file tells no rate, only the
 * ticks of a clock.
 */
export function constantFrameRate(base: FrameRate, average: number | null): FrameRate | null {
  const basePerSecond = base.numerator / base.denominator;
  if (average !== null && Math.abs(average / basePerSecond - 1) >= 0.05) {
    return average <= fastest ? frameRateFromPrinted(average) : null;
  }
  return basePerSecond <= fastest ? base : null;
}
