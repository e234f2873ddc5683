import { frameBytes, type ImageShape } from '../foundation/levels.js';
import { Philox, randomStreams } from '../foundation/philox.js';

/** What the checks draw at random: the third word of the counters. Each clip has one of its own, from `clips` on. */
export const checkStreams = { choice: 0, weights: 1, outputs: 2, clips: 3 } as const;

/** Numbers strictly between 0 and 1, one for each two words. */
export function checkDraws(seed: bigint | number, what: number): (word0: number, word1?: number) => number {
  const philox = new Philox(seed);
  return (word0, word1 = 0) => philox.uniform(word0, word1, what, randomStreams.checks);
}

/** The sub-pixels of an image in raster order, R, G, B within a pixel: (y * width + x) * channels + channel. */
export type SubPixelGrid = Pick<ImageShape, 'size' | 'channels'>;

/** Row, column and channel of a sub-pixel. */
export function locateSubPixel({ size, channels }: SubPixelGrid, subPixel: number): [number, number, number] {
  const pixel = Math.floor(subPixel / channels);
  return [Math.floor(pixel / size.width), pixel % size.width, subPixel % channels];
}

/** As in `(3, 2) G`: row, column and colour. */
export function formatSubPixel(grid: SubPixelGrid, subPixel: number): string {
  const [y, x, channel] = locateSubPixel(grid, subPixel);
  return `(${y}, ${x})${grid.channels === 1 ? '' : ` ${'RGB'[channel]}`}`;
}

/**
 * All sub-pixels where they are no more than `most`; else, in raster order, those of pixels at the corners, in the
 * middle of the edges and of the image, and of others at random, as many pixels as fit in `most`.
 */
export function selectSubPixels(grid: SubPixelGrid, most: number, seed: bigint | number): number[] {
  const { size, channels } = grid;
  const count = frameBytes(grid);
  if (count <= most) return Array.from({ length: count }, (_, subPixel) => subPixel);
  const random = checkDraws(seed, checkStreams.choice);
  const endsAndMiddle = (side: number) => [0, Math.floor(side / 2), side - 1];
  const marked = endsAndMiddle(size.height).flatMap((y) => endsAndMiddle(size.width).map((x) => y * size.width + x));
  const pixels = new Set(marked);
  for (let draw = 0; pixels.size * channels + channels <= most; draw++)
    pixels.add(Math.floor((random(draw) * count) / channels));
  const inOrder = [...pixels].sort((a, b) => a - b);
  return inOrder.flatMap((pixel) => Array.from({ length: channels }, (_, channel) => pixel * channels + channel));
}
