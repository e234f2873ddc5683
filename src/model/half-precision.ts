/** Numbers of 16 bits (binary16 of IEEE 754-2008): a sign, 5 bits of exponent, 10 of fraction. Weights that ship are kept in them. */

const FRACTION_BITS = 10;
/** Of the smallest number that is normal; below it numbers lie as far apart as there. */
const LEAST_EXPONENT = -14;
/** Sizes from here on are rounded to more than the largest number, 65504. */
const TOO_LARGE = 65520;
/** The bits of what is too large; above them, of what is no number. */
const INFINITE = 31 << FRACTION_BITS;
const NOT_A_NUMBER = INFINITE | 512;
const NEGATIVE = 1 << 15;

/** The number nearest to a value, of two as near the even one, as its 16 bits. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return NOT_A_NUMBER;
  const sign = value < 0 || Object.is(value, -0) ? NEGATIVE : 0;
  const size = Math.min(Math.abs(value), TOO_LARGE);
  const exponent = Math.max(Math.floor(Math.log2(size)), LEAST_EXPONENT);
  // As many steps as there are in its power of two; where they are rounded up to the next one, the exponent grows by one.
  const bits = ((exponent - LEAST_EXPONENT) << FRACTION_BITS) + roundToEven(size * 2 ** (FRACTION_BITS - exponent));
  return sign | bits;
}

/** The value of 16 bits. */
export function fromHalf(bits: number): number {
  const exponent = (bits & INFINITE) >> FRACTION_BITS;
  const fraction = bits & (2 ** FRACTION_BITS - 1);
  const sign = (bits & NEGATIVE) === 0 ? 1 : -1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  const steps = exponent === 0 ? fraction : 2 ** FRACTION_BITS + fraction;
  return sign * steps * 2 ** (Math.max(exponent - 1, 0) + LEAST_EXPONENT - FRACTION_BITS);
}

/** All values of 16 bits, in their order; made once they are needed. */
let values: Float32Array | null = null;

/** The values of many. */
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
