import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Given } from '../conditioning/index.js';
import type { Channels, Size } from '../frame.js';

/** Images to predict, with what is given for each, as tensors. */
export interface Examples {
  /** Levels, [batch, height, width, channels], float32. */
  image: Tensor4D;
  /** What the network reads as the image's earlier sub-pixels: the image, but where training disturbs it. */
  seen: Tensor4D;
  given: Given;
}

/** What a model's examples are made of. */
export interface ExampleShape {
  size: Size;
  channels: Channels;
  levels: number;
  /** Number of previous frames that are given; 0: none. */
  context: number;
}

/** Bytes of one frame at a model's size: its dimensions. */
export function frameBytes({ size, channels }: Pick<ExampleShape, 'size' | 'channels'>): number {
  return size.height * size.width * channels;
}

/**
 * Changes, in place, what the network is shown of one example: the image's earlier sub-pixels, and the frames of the
 * context, oldest first; levels, height x width x channels each.
 */
export type Disturb = (seen: Float32Array, context: readonly Float32Array[]) => void;

/** Collects frames with their context, byte by byte, and hands them over as tensors; reused from batch to batch. */
export class ExampleBuffer {
  private readonly pixels: number;
  private readonly images: Float32Array;
  private readonly seen: Float32Array;
  /** For each place in the context, the frames of all examples there. */
  private readonly contexts: Float32Array[];
  private readonly valid: Float32Array;
  private count = 0;

  constructor(
    private readonly shape: ExampleShape,
    readonly capacity: number,
  ) {
    const { size, context } = shape;
    this.pixels = frameBytes(shape);
    this.images = new Float32Array(capacity * this.pixels);
    this.seen = new Float32Array(capacity * this.pixels);
    this.contexts = Array.from({ length: context }, () => new Float32Array(capacity * this.pixels));
    this.valid = new Float32Array(capacity * size.height * size.width * context);
  }

  get size(): number {
    return this.count;
  }

  get full(): boolean {
    return this.count === this.capacity;
  }

  clear(): void {
    this.count = 0;
  }

  /**
   * Adds one example.
   *
   * @param frames frames one after another, height x width x channels bytes each: the context that exists, oldest
   *   first, then the frame to predict
   * @param number of frames; with fewer than context + 1 the oldest are missing
   * @param mirrored swaps left and right in all of them
   * @param disturb changes what the network is shown, in place
   */
  add(frames: Uint8Array, number: number, mirrored: boolean, disturb?: Disturb): void {
    const { pixels, count } = this;
    const { context, levels } = this.shape;
    const missing = Math.max(0, context - (number - 1));
    for (let k = 0; k < context; k++) {
      const frame = Math.max(k, missing) - context + number - 1;
      if (missing === context) this.contexts[k].fill((levels - 1) / 2, count * pixels, (count + 1) * pixels);
      else this.copy(frames, frame * pixels, this.contexts[k], count * pixels, mirrored);
    }
    const planes = (this.valid.length / this.capacity) * count;
    for (let i = 0; i < this.valid.length / this.capacity; i++) this.valid[planes + i] = i % context < missing ? 0 : 1;
    this.copy(frames, (number - 1) * pixels, this.images, count * pixels, mirrored);
    this.seen.set(this.images.subarray(count * pixels, (count + 1) * pixels), count * pixels);
    if (disturb !== undefined) {
      const own = (values: Float32Array) => values.subarray(count * pixels, (count + 1) * pixels);
      disturb(own(this.seen), this.contexts.map(own));
    }
    this.count++;
  }

  /** Tensors of the examples added since `clear`; they keep their values when the buffer is filled again. */
  tensors(): Examples {
    const { size, channels, context } = this.shape;
    const { count } = this;
    const imageTensor = (values: Float32Array, features: number): Tensor4D => {
      const shape: [number, number, number, number] = [count, size.height, size.width, features];
      return tf.tensor4d(
        values.slice(
          0,
          shape.reduce((a, b) => a * b),
        ),
        shape,
      );
    };
    const image = imageTensor(this.images, channels);
    const seen = imageTensor(this.seen, channels);
    if (context === 0) return { image, seen, given: {} };
    const frames = this.contexts.map((values) => imageTensor(values, channels));
    return { image, seen, given: { previousFrames: { frames, valid: imageTensor(this.valid, context) } } };
  }

  /** Copies one frame, brought from 0..255 to the network's levels. */
  private copy(from: Uint8Array, start: number, to: Float32Array, offset: number, mirrored: boolean): void {
    const { channels, levels, size } = this.shape;
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const source = start + (y * size.width + (mirrored ? size.width - 1 - x : x)) * channels;
        const target = offset + (y * size.width + x) * channels;
        for (let c = 0; c < channels; c++) to[target + c] = levelOf(from[source + c], levels);
      }
    }
  }
}

/** The level (0 to levels - 1) of a byte: equal parts of 0..255. */
export function levelOf(byte: number, levels: number): number {
  return (byte * levels) >> 8;
}

/**
 * The byte that shows a level: 0 and levels - 1 become 0 and 255, the others lie evenly between them, as near as bytes
 * can that `levelOf` brings back to the same level.
 */
export function byteOf(level: number, levels: number): number {
  const [first, next] = [level, level + 1].map((from) => Math.ceil((256 * from) / levels));
  return Math.min(Math.max(Math.round((level * 255) / (levels - 1)), first), next - 1);
}

/** Frees the tensors of examples. */
export function disposeExamples({ image, seen, given }: Examples): void {
  const { previousFrames, lowResolutionImage } = given;
  tf.dispose([image, seen, ...(previousFrames ? [...previousFrames.frames, previousFrames.valid] : [])]);
  tf.dispose(lowResolutionImage ?? []);
}
