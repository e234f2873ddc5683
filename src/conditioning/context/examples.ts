import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { errorFactory } from '../../foundation/errors.js';
import { frameBytes, bytesToLevels, type ImageShape, type Levels } from '../../foundation/levels.js';
import { zeroInputs, disposeInputs, mirrorInputs, type ConditioningInputs } from '../conditioning.js';
import { ContextBuffer, mirrorImage } from './context-tensors.js';
import {
  areEnough,
  historyLength,
  NO_FRAMES,
  StridedHistory,
  type ContextFrames,
  type Subsequence,
} from './history.js';

/** Images to predict, with what is given for each, as tensors. */
export interface Examples {
  /** Levels, [batch, height, width, channels], float32. */
  image: Tensor4D;
  /** What the network reads as the image's earlier sub-pixels: the image, but where training disturbs it. */
  seen: Tensor4D;
  given: ConditioningInputs;
  /** 1 for examples of which features of earlier pixels are made, else 0, [batch, 1, 1, 1]; none: all are. */
  earlierPixels?: Tensor4D | null | undefined;
}

/** Shape of a model's examples. */
export interface ExampleShape extends ImageShape {
  /** Number of context frames that are given; 0: none. */
  context: number;
}

/**
 * Changes, in place, what the network is shown of an example: earlier sub-pixels, and the context frames, oldest first;
 * levels, height x width x channels each. Returns the strength of the change, in levels, as the network is told.
 */
export type Disturb = (seen: Float32Array, context: readonly Float32Array[]) => number;

/**
 * Buffer of frames with their context: takes them one by one and returns them as tensors; reused from batch to batch.
 */
export class ExampleBuffer {
  private readonly pixels: number;
  private readonly images: Float32Array;
  private readonly seen: Float32Array;
  private readonly earlierPixels: boolean[];
  private readonly context: ContextBuffer | null;
  private count = 0;

  constructor(
    private readonly shape: ExampleShape,
    readonly capacity: number,
  ) {
    this.pixels = frameBytes(shape);
    this.images = new Float32Array(capacity * this.pixels);
    this.seen = new Float32Array(capacity * this.pixels);
    this.earlierPixels = new Array<boolean>(capacity).fill(true);
    this.context = shape.context === 0 ? null : new ContextBuffer(shape, capacity);
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
   * @param frames height x width x channels bytes each: the context frames that exist, oldest first, then the frame to
   *   predict
   * @param number of frames; with fewer than context + 1 the oldest are missing
   * @param mirrored swaps left and right in all of them
   * @param earlierPixels whether features of earlier pixels are made of it, by a network that has some
   */
  add(frames: Uint8Array, number: number, mirrored: boolean, disturb?: Disturb, earlierPixels = true): void {
    const { pixels, shape } = this;
    const existing = Math.min(number - 1, shape.context);
    const levels = Array.from({ length: existing + 1 }, (_, at) =>
      bytesToLevels(shape, frames, (number - 1 - existing + at) * pixels, mirrored),
    );
    this.addAfter({ frames: levels.slice(0, existing), known: null }, levels[existing], earlierPixels);
    if (disturb !== undefined) this.disturb(disturb);
  }

  /** Changes what the network is shown of the example added last. */
  disturb(change: Disturb): void {
    const [last, { context, pixels }] = [this.count - 1, this];
    const noise = change(this.seen.subarray(last * pixels, (last + 1) * pixels), context?.of(last) ?? []);
    context?.setNoise(last, noise);
  }

  /** Adds the example of an image, which may be absent if nobody reads it, after context frames; see `add`. */
  addAfter(context: ContextFrames<Levels>, image?: Levels, earlierPixels = true): void {
    const example = this.count++;
    this.earlierPixels[example] = earlierPixels;
    this.context?.set(example, context);
    if (image !== undefined) for (const all of [this.images, this.seen]) all.set(image, example * this.pixels);
  }

  /** Returns tensors of the examples added since `clear`; they keep their values when the buffer is filled again. */
  tensors(): Examples {
    const { size, channels } = this.shape;
    const { count } = this;
    const tensor = (values: Float32Array): Tensor4D =>
      tf.tensor4d(values.slice(0, count * this.pixels), [count, size.height, size.width, channels]);
    const earlierPixels = this.earlierPixels.slice(0, count);
    return {
      image: tensor(this.images),
      seen: tensor(this.seen),
      given: this.context === null ? {} : { context: this.context.tensors(count) },
      earlierPixels: earlierPixels.includes(false) ? tf.tensor4d(earlierPixels.map(Number), [count, 1, 1, 1]) : null,
    };
  }
}

/** Returns examples of zeros, in the shapes of `ExampleBuffer.tensors`, to count memory or to measure time. */
export function blankExamples(shape: ExampleShape, batch: number): Examples {
  const { size, channels } = shape;
  const blank = () => tf.fill<Rank.R4>([batch, size.height, size.width, channels], 0);
  return { image: blank(), seen: blank(), given: zeroInputs(shape, shape, batch) };
}

/** Returns examples of the frames after some contexts. Their images mean nothing. */
export function examplesAfter(shape: ExampleShape, contexts: readonly ContextFrames<Levels>[]): Examples {
  const buffer = new ExampleBuffer(shape, contexts.length);
  for (const context of contexts) buffer.addAfter(context);
  return buffer.tensors();
}

/** Returns examples of `count` first frames, or of images: nothing is before them. Their images mean nothing. */
export function examplesOfFirst(shape: ExampleShape, count: number): Examples {
  return examplesAfter(shape, new Array<ContextFrames<Levels>>(count).fill(NO_FRAMES));
}

/** Swaps left and right in examples. Disposes nothing. */
export function mirrorExamples({ image, seen, given, earlierPixels }: Examples): Examples {
  return { image: mirrorImage(image), seen: mirrorImage(seen), given: mirrorInputs(given), earlierPixels };
}

export function disposeExamples({ image, seen, given, earlierPixels }: Examples): void {
  tf.dispose([image, seen]);
  earlierPixels?.dispose();
  disposeInputs(given);
}

/** History of a clip: its frames so far, known or expected, of which the last are kept as levels. */
export class FrameHistory extends StridedHistory<Levels> {
  /** @param kept number of frames that are remembered, if more than a model reads at its longest stride */
  constructor(
    private readonly shape: ExampleShape,
    private readonly kept = 0,
  ) {
    super(shape.context, Math.max(kept, historyLength(shape.context)));
  }

  /** Adds the clip's next frame, height x width x channels bytes. A frame of another size is an `INPUT` error. */
  push(frame: Uint8Array): void {
    this.addKnown(this.levels(frame));
  }

  /** Adds the example of the next frame, in bytes, to a buffer; at a stride only if it has enough known frames. */
  addExample(buffer: ExampleBuffer, frame: Uint8Array, subsequence?: Subsequence): void {
    const context = subsequence === undefined ? this.leading()[0].context : this.every(subsequence);
    if (subsequence === undefined || areEnough(subsequence, context.frames.length))
      buffer.addAfter(context, this.levels(frame));
  }

  /** Returns examples of the next frames of histories of one model. Their images mean nothing. */
  static examples(histories: readonly FrameHistory[]): Examples {
    const contexts = histories.map((history) => history.leading()[0].context);
    return examplesAfter(histories[0].shape, contexts);
  }

  /** Returns a history with the same frames so far; what is added to one is not in the other. */
  copy(): FrameHistory {
    return Object.assign(new FrameHistory(this.shape, this.kept), this);
  }

  private levels(frame: Uint8Array): Levels {
    const { size, channels } = this.shape;
    if (frame.length === frameBytes(this.shape)) return bytesToLevels(this.shape, frame);
    const expected = `${frameBytes(this.shape)} bytes (${size.width}x${size.height}x${channels})`;
    const remedy = "bring the frame to the model's size";
    throw errorFactory('INPUT', 'add a frame to a history')('frame', expected, `${frame.length}`, remedy);
  }
}
