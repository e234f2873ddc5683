import type { Channels, Frame, Size } from './frame.js';

/** The level (0 to levels - 1) of a byte: equal parts of 0..255. */
export function byteToLevel(byte: number, levels: number): number {
  return (byte * levels) >> 8;
}

/**
 * The byte that shows a level: 0 and levels - 1 become 0 and 255, the others lie evenly between them, as near as bytes
 * can that `byteToLevel` brings back to the same level.
 */
export function levelToByte(level: number, levels: number): number {
  const [first, next] = [level, level + 1].map((from) => Math.ceil((256 * from) / levels));
  return Math.min(Math.max(Math.round((level * 255) / (levels - 1)), first), next - 1);
}

/** The same frames in the bytes that show these levels: what a model of so many can see and draw. */
export async function* quantizeFrames(frames: AsyncIterable<Frame>, levels: number): AsyncGenerator<Frame, void> {
  const shown = Uint8Array.from({ length: 256 }, (_, byte) => levelToByte(byteToLevel(byte, levels), levels));
  for await (const frame of frames) yield { ...frame, data: frame.data.map((byte) => shown[byte]) };
}

/** What the images of a model are made of. */
export interface ImageShape {
  size: Size;
  channels: Channels;
  /** Number of values a sub-pixel can have, 2 to 256. */
  levels: number;
}

/** Bytes of one image: its dimensions. */
export function frameBytes({ size, channels }: Pick<ImageShape, 'size' | 'channels'>): number {
  return size.height * size.width * channels;
}

/** An image inside a model: the level of each sub-pixel, height x width x channels. Outside it is bytes. */
export type Levels = Uint8Array;

/**
 * The levels of one image.
 *
 * @param from bytes, height x width x channels, from `start` on
 * @param mirrored swaps left and right
 */
export function bytesToLevels(
  { size, channels, levels }: ImageShape,
  from: Uint8Array,
  start = 0,
  mirrored = false,
): Levels {
  const into = new Uint8Array(frameBytes({ size, channels }));
  for (let y = 0, target = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const source = start + (y * size.width + (mirrored ? size.width - 1 - x : x)) * channels;
      for (let c = 0; c < channels; c++) into[target++] = byteToLevel(from[source + c], levels);
    }
  }
  return into;
}

/** The bytes that show an image. */
export function levelsToBytes({ levels: count }: Pick<ImageShape, 'levels'>, levels: Levels): Uint8Array {
  return count === 256 ? levels.slice() : levels.map((level) => levelToByte(level, count));
}
