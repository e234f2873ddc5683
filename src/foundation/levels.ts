import type { Channels, Frame, Size } from './frame.js';

/**
 * Returns the level of a byte, 0 to levels - 1: floor(byte * levels / 256), so that each level stands for an equal part
 * of 0..255.
 * @param levels number of levels, 2 to 256
 */
export function byteToLevel(byte: number, levels: number): number {
  return (byte * levels) >> 8;
}

/**
 * Returns the byte that represents `level`. Levels 0 to levels - 1 are spread evenly over bytes 0 to 255. Bytes are
 * rounded so that `byteToLevel` maps each one back to its level.
 * @param levels number of levels, 2 to 256
 */
export function levelToByte(level: number, levels: number): number {
  const [first, next] = [level, level + 1].map((from) => Math.ceil((256 * from) / levels));
  return Math.min(Math.max(Math.round((level * 255) / (levels - 1)), first), next - 1);
}

/**
 * Yields each frame with its bytes quantized to `levels` values, those of `levelToByte`. Models of `levels` levels read
 * and draw frames of these values only. Returns `frames` itself if `levels` is 256.
 */
export function quantizeFrames(frames: AsyncGenerator<Frame, void>, levels: number): AsyncGenerator<Frame, void> {
  return levels === 256 ? frames : quantized(frames, levels);
}

async function* quantized(frames: AsyncIterable<Frame>, levels: number): AsyncGenerator<Frame, void> {
  const shown = Uint8Array.from({ length: 256 }, (_, byte) => levelToByte(byteToLevel(byte, levels), levels));
  for await (const frame of frames) yield { ...frame, data: frame.data.map((byte) => shown[byte]) };
}

/** Size, channels and levels of a model's images. */
export interface ImageShape {
  size: Size;
  channels: Channels;
  /** Number of levels of a sub-pixel, 2 to 256. */
  levels: number;
}

/** Returns the number of sub-pixels, and so of bytes, of one image. */
export function frameBytes({ size, channels }: Pick<ImageShape, 'size' | 'channels'>): number {
  return size.height * size.width * channels;
}

/**
 * Levels of the sub-pixels of one image, height x width x channels, each 0 to `levels` - 1 of its `ImageShape`.
 * Networks read and draw levels. Frames hold bytes, 0 to 255: `bytesToLevels` and `levelsToBytes` convert.
 * @inline
 */
export type Levels = Uint8Array;

/**
 * Converts the bytes of one image to levels.
 * @param from bytes, height x width x channels, from index `start` on
 * @param mirrored true to swap left and right
 * @returns levels, height x width x channels, in a new array
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

/** Converts the levels of one image to bytes by `levelToByte`. Returns a new array. */
export function levelsToBytes({ levels: count }: Pick<ImageShape, 'levels'>, levels: Levels): Uint8Array {
  return count === 256 ? levels.slice() : levels.map((level) => levelToByte(level, count));
}
