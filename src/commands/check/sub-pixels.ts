import { frameBytes, type ImageShape } from '../../foundation/levels.js';
import { Philox, randomStreams } from '../../foundation/philox.js';

/** Third word of the Philox counter for each purpose of the checks' random numbers; `clips` + i for random clip i. */
export const checkStreams = { choice: 0, clips: 3 } as const;

/**
 * Returns a function that maps a pair of counter words to a random number strictly between 0 and 1.
 * @param what stream of `checkStreams`
 */
export function checkDraws(seed: bigint | number, what: number): (word0: number, word1?: number) => number {
  const philox = new Philox(seed);
  return (word0, word1 = 0) => philox.uniform(word0, word1, what, randomStreams.checks);
}

/**
 * Shape of an image whose sub-pixels are indexed in raster order, R, G, B within a pixel: (y * width + x) * channels +
 * channel.
 */
type SubPixelGrid = Pick<ImageShape, 'size' | 'channels'>;

/** Formats a sub-pixel as row, column and colour, such as `(3, 2) G`. */
export function formatSubPixel({ size, channels }: SubPixelGrid, subPixel: number): string {
  const pixel = Math.floor(subPixel / channels);
  const colour = channels === 1 ? '' : ` ${'RGB'[subPixel % channels]}`;
  return `(${Math.floor(pixel / size.width)}, ${pixel % size.width})${colour}`;
}

/**
 * Returns the indices of sub-pixels to check, in raster order: all sub-pixels if they are at most `max`. Else returns
 * all channels of the pixels at the corners, edge middles and centre, and of random pixels while the total is at most
 * `max`.
 */
export function selectSubPixels(grid: SubPixelGrid, max: number, seed: bigint | number): number[] {
  const { size, channels } = grid;
  const count = frameBytes(grid);
  if (count <= max) return Array.from({ length: count }, (_, subPixel) => subPixel);
  const random = checkDraws(seed, checkStreams.choice);
  const endsAndMiddle = (side: number) => [0, Math.floor(side / 2), side - 1];
  const marked = endsAndMiddle(size.height).flatMap((y) => endsAndMiddle(size.width).map((x) => y * size.width + x));
  const pixels = new Set(marked);
  for (let draw = 0; pixels.size * channels + channels <= max; draw++)
    pixels.add(Math.floor((random(draw) * count) / channels));
  const inOrder = [...pixels].sort((a, b) => a - b);
  return inOrder.flatMap((pixel) => Array.from({ length: channels }, (_, channel) => pixel * channels + channel));
}
