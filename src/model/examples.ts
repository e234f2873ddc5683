import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import {
  blankGiven,
  disposeGiven,
  givenBuffer,
  mirroredGiven,
  mirrorImage,
  type Given,
  type PastWindow,
} from '../conditioning/index.js';
import { frameBytes, levelsOf, type ImageShape, type Levels } from '../foundation/levels.js';

export { byteOf, frameBytes, levelOf } from '../foundation/levels.js';

/** Images to predict, with what is given for each, as tensors. */
export interface Examples {
  /** Levels, [batch, height, width, channels], float32. */
  image: Tensor4D;
  /** What the network reads as the image's earlier sub-pixels: the image, but where training disturbs it. */
  seen: Tensor4D;
  given: Given;
  /** Whether anything is made of the pixels before each of an example, [batch, 1, 1, 1], 1 or 0; none: of all. */
  earlierPixels?: Tensor4D | null | undefined;
}

/** What a model's examples are made of. */
export interface ExampleShape extends ImageShape {
  /** Number of previous frames that are given; 0: none. */
  context: number;
}

/**
 * Changes, in place, what the network is shown of an example: earlier sub-pixels, and the frames of the context, oldest
 * first; levels, height x width x channels each. Returns how strongly, in levels, as the network is told.
 */
export type Disturb = (seen: Float32Array, context: readonly Float32Array[]) => number;

/** Collects frames with their context, byte by byte, and hands them over as tensors; reused from batch to batch. */
export class ExampleBuffer {
  private readonly pixels: number;
  private readonly images: Float32Array;
  private readonly seen: Float32Array;
  private readonly earlierPixels: boolean[];
  private readonly given: ReturnType<typeof givenBuffer>;
  private count = 0;

  constructor(
    private readonly shape: ExampleShape,
    readonly capacity: number,
  ) {
    this.pixels = frameBytes(shape);
    this.images = new Float32Array(capacity * this.pixels);
    this.seen = new Float32Array(capacity * this.pixels);
    this.earlierPixels = new Array<boolean>(capacity).fill(true);
    this.given = givenBuffer(shape, capacity);
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
   * @param frames height x width x channels bytes each: the context that exists, oldest first, then the frame to predict
   * @param number of frames; with fewer than context + 1 the oldest are missing
   * @param mirrored swaps left and right in all of them
   * @param earlierPixels whether anything is made of the pixels before each, by a network that does so
   */
  add(frames: Uint8Array, number: number, mirrored: boolean, disturb?: Disturb, earlierPixels = true): void {
    const { pixels, shape } = this;
    const existing = Math.min(number - 1, shape.context);
    const levels = Array.from({ length: existing + 1 }, (_, at) =>
      levelsOf(shape, frames, (number - 1 - existing + at) * pixels, mirrored),
    );
    this.addAfter({ frames: levels.slice(0, existing), known: null }, levels[existing], earlierPixels);
    if (disturb !== undefined) this.disturb(disturb);
  }

  /** Changes what the network is shown of the example added last. */
  disturb(change: Disturb): void {
    const [last, { given, pixels }] = [this.count - 1, this];
    const noise = change(this.seen.subarray(last * pixels, (last + 1) * pixels), given?.of(last) ?? []);
    given?.tell(last, noise);
  }

  /** Adds the example of an image, which may be absent where nobody reads it, and the frames before it; see `add`. */
  addAfter(window: PastWindow<Levels>, image?: Levels, earlierPixels = true): void {
    const example = this.count++;
    this.earlierPixels[example] = earlierPixels;
    this.given?.set(example, window);
    if (image !== undefined) for (const all of [this.images, this.seen]) all.set(image, example * this.pixels);
  }

  /** Tensors of the examples added since `clear`; they keep their values when the buffer is filled again. */
  tensors(): Examples {
    const { size, channels } = this.shape;
    const { count } = this;
    const tensor = (values: Float32Array): Tensor4D =>
      tf.tensor4d(values.slice(0, count * this.pixels), [count, size.height, size.width, channels]);
    const given: Given = this.given === null ? {} : { window: this.given.tensors(count) };
    const earlierPixels = this.earlierPixels.slice(0, count);
    return {
      image: tensor(this.images),
      seen: tensor(this.seen),
      given,
      earlierPixels: earlierPixels.includes(false) ? tf.tensor4d(earlierPixels.map(Number), [count, 1, 1, 1]) : null,
    };
  }
}

/** Makes examples of zeros, in the shapes of `ExampleBuffer.tensors`, to count memory or to measure time. */
export function blankExamples(shape: ExampleShape, batch: number): Examples {
  const { size, channels } = shape;
  const blank = () => tf.fill<Rank.R4>([batch, size.height, size.width, channels], 0);
  return { image: blank(), seen: blank(), given: blankGiven(shape, shape, batch) };
}

/** What is given for the frame after each of some windows; the examples' images mean nothing. */
export function examplesAfter(shape: ExampleShape, windows: readonly PastWindow<Levels>[]): Examples {
  const buffer = new ExampleBuffer(shape, windows.length);
  for (const window of windows) buffer.addAfter(window);
  return buffer.tensors();
}

/** Examples with left and right swapped. Frees nothing. */
export function mirroredExamples({ image, seen, given, earlierPixels }: Examples): Examples {
  return { image: mirrorImage(image), seen: mirrorImage(seen), given: mirroredGiven(given), earlierPixels };
}

export function disposeExamples({ image, seen, given, earlierPixels }: Examples): void {
  tf.dispose([image, seen]);
  earlierPixels?.dispose();
  disposeGiven(given);
}
