/**
 * Half-precision numbers (binary16 of IEEE 754-2008): a sign, 5 bits of exponent, 10 of fraction. Shipped weights are
 * stored in half precision.
 */

const FRACTION_BITS = 10;
/** Exponent of the smallest normal number; subnormal numbers have the same spacing. */
const MIN_EXPONENT = -14;
/** Magnitude from which numbers round to infinity; the largest finite number is 65504. */
const TOO_LARGE = 65520;
/** Bits of infinity, and of NaN. */
const INFINITE = 31 << FRACTION_BITS;
const NOT_A_NUMBER = INFINITE | 512;
const NEGATIVE = 1 << 15;

/**
 * Returns the 16 bits of the half-precision number nearest to `value`, ties to even. Magnitudes of 65520 or more become
 * infinity; NaN stays NaN.
 */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return NOT_A_NUMBER;
  const sign = value < 0 || Object.is(value, -0) ? NEGATIVE : 0;
  const size = Math.min(Math.abs(value), TOO_LARGE);
  const exponent = Math.max(Math.floor(Math.log2(size)), MIN_EXPONENT);
  // Steps within the power of two; if they round up to the next power, the exponent grows by one.
  const bits = ((exponent - MIN_EXPONENT) << FRACTION_BITS) + roundToEven(size * 2 ** (FRACTION_BITS - exponent));
  return sign | bits;
}

/** Returns the number that 16 bits of half precision stand for. */
export function fromHalf(bits: number): number {
  const exponent = (bits & INFINITE) >> FRACTION_BITS;
  const fraction = bits & (2 ** FRACTION_BITS - 1);
  const sign = (bits & NEGATIVE) === 0 ? 1 : -1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  const steps = exponent === 0 ? fraction : 2 ** FRACTION_BITS + fraction;
  return sign * steps * 2 ** (Math.max(exponent - 1, 0) + MIN_EXPONENT - FRACTION_BITS);
}

/** Numbers for all patterns of 16 bits, by pattern; computed at first use. */
let values: Float32Array | null = null;

/** Returns the float32 numbers of an array of half-precision numbers. */
export function fromHalves(halves: Uint16Array): Float32Array {
  values ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromHalf(bits));
  const read = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) read[at] = values[halves[at]];
  return read;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
