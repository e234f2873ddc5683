import { Philox, randomStreams } from '../foundation/philox.js';

/**
 * Adds uniform noise to levels: x = level + u with 0 < u < 1. A continuous density needs dequantised data, since its
 * likelihood of the levels themselves can grow without bound.
 * @param image one level per sub-pixel
 * @param seed integer from 0 to 2^64 - 1
 * @param index index of the image; each image has noise of its own
 * @returns values in levels, as float64: float32 would round 255 + u up to 256
 * @throws PxvError `INPUT` if `seed` is out of range or no integer
 */
export function dequantise(image: ArrayLike<number>, seed: bigint | number, index: number): Float64Array {
  const philox = new Philox(seed);
  const noise = (subPixel: number) => philox.uniform(index, subPixel, 0, randomStreams.dequantisation);
  return Float64Array.from(image, (level, subPixel) => level + noise(subPixel));
}

/** Unit of a real-valued sub-pixel x: 'levels', 0 <= x < levels, or 'range', 0 <= x < 1. */
export type ValueUnit = 'levels' | 'range';

/**
 * Returns -log of the density of a real-valued image, in nats. The density is constant over each level's interval
 * [level, level + 1) (1601.06759, section 5.1). In unit 'levels' the result equals the discrete image's -log P exactly,
 * whatever the noise. It can therefore be compared with that of a continuous density on dequantised images. In unit
 * 'range' the result is lower by log(levels) per sub-pixel, and may be negative.
 * @param x one value per sub-pixel, in `unit`
 * @param levels number of levels, 2 to 256
 * @param discreteNats returns -log P in nats of an image of levels
 * @returns Infinity if any value is outside the range or NaN
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
