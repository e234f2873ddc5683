import type { BlockMatchingShape } from '../kernels.js';

/** Most memory that is taken for what was found: of some thirty pairs of frames of 64x64, and of none of a large film. */
const MOST_BYTES = 8 * 2 ** 20;

interface Found {
  shape: BlockMatchingShape;
  before: Buffer;
  last: Buffer;
  motion: Float32Array;
}

/**
 * Motion that was found, by the frames between which it was looked for. Before each frame that a future expects, that of the same
 * known frames is asked for again, and to look costs more than to remember.
 */
export class FoundMotion {
  /** The latest last. */
  private readonly all: Found[] = [];
  private bytes = 0;

  /** What was found between two frames; null: nothing that is remembered. */
  between(shape: BlockMatchingShape, before: Float32Array, last: Float32Array): Float32Array | null {
    const [earlier, later] = [bytesOf(before), bytesOf(last)];
    const found = this.all.find(
      (one) => one.last.equals(later) && one.before.equals(earlier) && isSame(one.shape, shape),
    );
    return found?.motion ?? null;
  }

  /** Remembers what was found, of copies; the oldest are forgotten. */
  keep(shape: BlockMatchingShape, before: Float32Array, last: Float32Array, motion: Float32Array): void {
    const found = {
      shape,
      before: Buffer.from(bytesOf(before)),
      last: Buffer.from(bytesOf(last)),
      motion: motion.slice(),
    };
    this.all.push(found);
    this.bytes += sizeOf(found);
    while (this.bytes > MOST_BYTES) this.bytes -= sizeOf(this.all.shift()!);
  }
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function sizeOf({ before, last, motion }: Found): number {
  return before.byteLength + last.byteLength + motion.byteLength;
}

function isSame(one: BlockMatchingShape, other: BlockMatchingShape): boolean {
  return (Object.keys(one) as (keyof BlockMatchingShape)[]).every((key) => one[key] === other[key]);
}
