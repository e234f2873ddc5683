import { Philox, randomStreams } from '../foundation/philox.js';

/**
 * Uniform noise added to levels, x = level + u with 0 < u < 1: data for a continuous density, which would otherwise grow
 * without bound on the levels themselves.
 * @param image Levels, one a sub-pixel.
 * @param seed A whole number from 0 to 2^64 - 1.
 * @param index Which image it is: each has noise of its own.
 * @returns In levels, in float64: float32 would round 255 + u up to 256.
 * @throws PxvError `INPUT` where the seed is not such a number
 */
export function dequantise(image: ArrayLike<number>, seed: bigint | number, index: number): Float64Array {
  const philox = new Philox(seed);
  const noise = (subPixel: number) => philox.uniform(index, subPixel, 0, randomStreams.dequantisation);
  return Float64Array.from(image, (level, subPixel) => level + noise(subPixel));
}

/** What a real value counts: `levels`, 0 <= x < levels, or the whole `range` as one, 0 <= x < 1. */
export type ValueUnit = 'levels' | 'range';

/**
 * -log density in nats of a real-valued image under the density that is constant over each level's interval
 * [level, level + 1) (1601.06759, section 5.1). In levels the intervals are as long as one, so that it is the discrete
 * image's -log P to the last bit, whatever the noise: the number compares with that of a continuous density on
 * dequantised images. With the range as one, log(levels) less for each sub-pixel; it may be negative.
 * @param x One value a sub-pixel, in `unit`.
 * @param levels 2 to 256.
 * @param discreteNats -log P in nats of a whole image of levels.
 * @returns Infinity, for a density of zero, where any value is outside the range or NaN.
 */
export async function densityNats(
  x: ArrayLike<number>,
  levels: number,
  discreteNats: (image: Uint8Array) => number | Promise<number>,
  unit: ValueUnit = 'levels',
): Promise<number> {
  const scale = unit === 'levels' ? 1 : levels;
  const image = new Uint8Array(x.length);
  for (let i = 0; i < x.length; i++) {
    if (!(x[i] >= 0 && x[i] < levels / scale)) return Infinity;
    image[i] = Math.floor(x[i] * scale);
  }
  const nats = await discreteNats(image);
  return nats - x.length * Math.log(scale);
}
