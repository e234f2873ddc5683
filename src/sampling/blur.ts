import type { ImageShape } from '../foundation/levels.js';

/** Binomial blur kernel over five pixels: a standard deviation of one pixel. */
const BLUR = [1, 4, 6, 4, 1].map((weight) => weight / 16);
const MARGIN = 2;

/**
 * Returns an image blurred along columns and rows; edge pixels repeat beyond the edge.
 * @param image height x width x channels values
 * @param times number of blurs, each by a standard deviation of one pixel
 */
export function blur(
  image: ArrayLike<number>,
  { size, channels }: Pick<ImageShape, 'size' | 'channels'>,
  times = 1,
): Float32Array {
  const { width, height } = size;
  const [from, to] = [Float32Array.from(image), new Float32Array(image.length)];
  for (let time = 0; time < times; time++) {
    blurAlong(from, to, channels, width);
    blurAlong(to, from, width * channels, height);
  }
  return from;
}

/** Blurs along an axis of `length` places, which lie `step` values apart. */
function blurAlong(from: Float32Array, to: Float32Array, step: number, length: number): void {
  for (let start = 0; start < from.length; start += step * length) {
    for (let place = 0; place < length; place++) {
      const inside = place >= MARGIN && place < length - MARGIN;
      for (let at = start + place * step, end = at + step; at < end; at++) {
        let sum = 0;
        for (let tap = 0; tap < BLUR.length; tap++) {
          const offset = tap - MARGIN;
          const beside = inside ? offset : Math.min(Math.max(place + offset, 0), length - 1) - place;
          sum += BLUR[tap] * from[at + beside * step];
        }
        to[at] = sum;
      }
    }
  }
}
