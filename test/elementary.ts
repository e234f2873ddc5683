/**
 * exp, expm1 and log in float64, step for step those of native/engine/elementary.h: what is drawn is compared bit for
 * bit, and Math.exp differs from machine to machine. Within 2 units in the last place of the true values (expm1: 3).
 */
const floats = new Float64Array(1);
/** The same bits: the lower half first, as on every machine that Node runs on. */
const halves = new Int32Array(floats.buffer);

/** Added and taken away again, it rounds to a whole number. */
const rounder = 6755399441055744;

/** e^r - 1 for r = x - n log 2, by a rational function of Cephes (Moshier). */
function reducedExpm1(x: number, n: number): number {
  const r = x - n * 0.693145751953125 - n * 1.4286068203094173e-6;
  const rr = r * r;
  const p = r * ((1.2617719307481059e-4 * rr + 3.0299440770744196e-2) * rr + 1);
  const q = ((3.0019850513866446e-6 * rr + 2.524483403496841e-3) * rr + 2.2726554820815503e-1) * rr + 2;
  return 2 * (p / (q - p));
}

const MIN_POWER = -1022;
/** 2^n, n from -1022 to 1023: to read one is faster than to put it together from its bits each time. */
const powersOfTwo = Float64Array.from({ length: 2046 }, (_, place) => {
  halves[0] = 0;
  halves[1] = (place + 1) << 20;
  return floats[0];
});

/** e^x; 0 below -708, infinite above 709. */
export function exp(x: number): number {
  if (x < -708) return 0;
  if (x > 709) return Infinity;
  const n = x * 1.4426950408889634 + rounder - rounder;
  return (1 + reducedExpm1(x, n)) * powersOfTwo[n - MIN_POWER];
}

/** e^x - 1 for x up to 709; -1 below -708. */
export function expm1(x: number): number {
  if (x < -708) return -1;
  const n = x * 1.4426950408889634 + rounder - rounder;
  const scale = powersOfTwo[n - MIN_POWER];
  return reducedExpm1(x, n) * scale + (scale - 1);
}

/** Natural logarithm of 0 or of a number of at least 2^-1022, by the series of fdlibm (Sun Microsystems). */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  floats[0] = x;
  // The mantissa between sqrt(1/2) and sqrt(2).
  const exponent = (halves[1] - 0x3fe6a09e) >> 20;
  halves[1] -= exponent << 20;
  const f = floats[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const half = 0.5 * f * f;
  return exponent * 0.6931471803691238 - (half - (s * (half + (even + odd)) + exponent * 1.9082149292705877e-10) - f);
}
