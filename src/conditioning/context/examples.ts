import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { errorFactory } from '../../foundation/errors.js';
import { frameBytes, bytesToLevels, type ImageShape, type Levels } from '../../foundation/levels.js';
import type { ConditioningInputs, InputRequirements } from '../conditioning.js';
import { ContextBuffer, downsampleContext, mirrorContext, mirrorImage } from './context-tensors.js';
import {
  hasEnoughContext,
  historyLength,
  NO_FRAMES,
  StridedHistory,
  type ContextFrames,
  type Subsequence,
} from './history.js';

/** Batch of images to predict with their conditioning inputs, as tensors. */
export interface Examples {
  /** Images to predict, in levels, [batch, height, width, channels], float32. */
  image: Tensor4D;
  /** Images that the network reads as earlier sub-pixels: equal to `image` unless noise augmentation changed them. */
  inputImage: Tensor4D;
  /** Conditioning inputs of the images. */
  conditioningInputs: ConditioningInputs;
  /**
   * Mask of the examples whose features of earlier pixels are computed, [batch, 1, 1, 1]: 1 if computed, 0 if replaced
   * by the features of no match. Default: all 1.
   */
  earlierPixels?: Tensor4D | null | undefined;
}

/** Shape of the examples that a model reads. @inline */
export interface ExampleShape extends ImageShape {
  /** Number of context frames; 0: none. */
  context: number;
}

/**
 * Noise augmentation of one example: a function that changes the example in place. All arguments are levels, height x
 * width x channels each. Returns the standard deviation of the noise in `seen`, in levels, which a conditioning on
 * context frames reads.
 * @param seen copy of the target image, from which the network reads earlier sub-pixels; the target itself stays true
 * @param context context frames, oldest first
 */
export type NoiseAugmentation = (seen: Float32Array, context: readonly Float32Array[]) => number;

/** Reusable buffer of examples: collects frames with their context, and returns the examples as tensors. */
export class ExampleBuffer {
  private readonly pixels: number;
  private readonly images: Float32Array;
  private readonly seen: Float32Array;
  private readonly earlierPixels: boolean[];
  private readonly context: ContextBuffer | null;
  private count = 0;

  /** @param capacity maximum number of examples, which callers do not exceed */
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

  /** Number of examples added since `clear`. */
  get size(): number {
    return this.count;
  }

  /** True if the buffer holds `capacity` examples. */
  get full(): boolean {
    return this.count === this.capacity;
  }

  /** Removes all examples. */
  clear(): void {
    this.count = 0;
  }

  /**
   * Adds the example of a frame after its context frames.
   * @param frames height x width x channels bytes each: the existing context frames, oldest first, then the frame to
   *   predict
   * @param number number of frames in `frames`; if fewer than context + 1, the oldest are missing; of more, the last
   *   are read
   * @param mirrored true to mirror all frames left to right
   * @param augment noise augmentation to apply; default: none
   * @param earlierPixels true to compute features of earlier pixels, if the network has methods for them
   */
  add(frames: Uint8Array, number: number, mirrored: boolean, augment?: NoiseAugmentation, earlierPixels = true): void {
    const { pixels, shape } = this;
    const existing = Math.min(number - 1, shape.context);
    const levels = Array.from({ length: existing + 1 }, (_, at) =>
      bytesToLevels(shape, frames, (number - 1 - existing + at) * pixels, mirrored),
    );
    this.addAfter({ frames: levels.slice(0, existing), known: null }, levels[existing], earlierPixels);
    if (augment !== undefined) this.augment(augment);
  }

  /** Applies noise augmentation to the example added last. */
  augment(augmentation: NoiseAugmentation): void {
    const last = this.count - 1;
    const { context, pixels } = this;
    const noise = augmentation(this.seen.subarray(last * pixels, (last + 1) * pixels), context?.of(last) ?? []);
    context?.setNoise(last, noise);
  }

  /**
   * Adds an example of context frames and the frame `image` to predict. Omit `image` for predictions, which do not read
   * the image. See `add` for `earlierPixels`.
   */
  addAfter(context: ContextFrames<Levels>, image?: Levels, earlierPixels = true): void {
    const example = this.count++;
    this.earlierPixels[example] = earlierPixels;
    this.context?.set(example, context);
    if (image !== undefined) for (const all of [this.images, this.seen]) all.set(image, example * this.pixels);
  }

  /** Returns tensors of the examples added since `clear`, copied from the buffer. The caller disposes the result. */
  tensors(): Examples {
    const { size, channels } = this.shape;
    const { count } = this;
    const tensor = (values: Float32Array): Tensor4D =>
      tf.tensor4d(values.slice(0, count * this.pixels), [count, size.height, size.width, channels]);
    const earlierPixels = this.earlierPixels.slice(0, count);
    return {
      image: tensor(this.images),
      inputImage: tensor(this.seen),
      conditioningInputs: this.context === null ? {} : { context: this.context.tensors(count) },
      earlierPixels: earlierPixels.includes(false) ? tf.tensor4d(earlierPixels.map(Number), [count, 1, 1, 1]) : null,
    };
  }
}

/**
 * Returns examples of zeros in the shapes of `ExampleBuffer.tensors`, to measure memory or time. The caller disposes
 * the result.
 */
export function blankExamples(shape: ExampleShape, batch: number): Examples {
  const { size, channels } = shape;
  const blank = () => tf.fill<Rank.R4>([batch, size.height, size.width, channels], 0);
  return { image: blank(), inputImage: blank(), conditioningInputs: zeroInputs(shape, shape, batch) };
}

/**
 * Returns an example for each of `contexts`, to predict the frame after the context. The images to predict are zeros.
 * The caller disposes the result.
 */
export function examplesAfter(shape: ExampleShape, contexts: readonly ContextFrames<Levels>[]): Examples {
  const buffer = new ExampleBuffer(shape, contexts.length);
  for (const context of contexts) buffer.addAfter(context);
  return buffer.tensors();
}

/**
 * Returns `count` examples without context frames, to predict first frames or images. The images to predict are zeros.
 * The caller disposes the result.
 */
export function examplesOfFirst(shape: ExampleShape, count: number): Examples {
  return examplesAfter(shape, new Array<ContextFrames<Levels>>(count).fill(NO_FRAMES));
}

/** Mirrors examples left to right. Disposes nothing. */
export function mirrorExamples({ image, inputImage, conditioningInputs, earlierPixels }: Examples): Examples {
  return {
    image: mirrorImage(image),
    inputImage: mirrorImage(inputImage),
    conditioningInputs: mirrorInputs(conditioningInputs),
    earlierPixels,
  };
}

/** Disposes all tensors of examples. */
export function disposeExamples({ image, inputImage, conditioningInputs, earlierPixels }: Examples): void {
  tf.dispose([image, inputImage]);
  earlierPixels?.dispose();
  disposeInputs(conditioningInputs);
}

/**
 * Returns conditioning inputs of zeros for `batch` examples, to measure memory or time: `context` context frames and no
 * coarser image. The caller disposes the result.
 */
export function zeroInputs(
  { size, channels }: ImageShape,
  { context }: Pick<InputRequirements, 'context'>,
  batch: number,
): ConditioningInputs {
  if (context === 0) return {};
  const blank = (features: number) => tf.fill<Rank.R4>([batch, size.height, size.width, features], 0);
  const frames = Array.from({ length: context }, () => blank(channels));
  return { context: { frames, valid: blank(context), noise: blank(1) } };
}

/**
 * Returns the conditioning inputs of one scale: its last `context` context frames and the coarser image `coarser`.
 * Disposes nothing; the result may share tensors with `given`.
 * @param given conditioning inputs of the finest scale
 * @param step factor by which the scale is subsampled from the finest scale
 * @param coarser image of the coarser scale; undefined at the coarsest
 */
export function downsampleInputs(
  given: ConditioningInputs,
  { context }: Pick<InputRequirements, 'context'>,
  step: number,
  coarser: Tensor4D | undefined,
): ConditioningInputs {
  return {
    ...(context > 0 && given.context && { context: downsampleContext(given.context, context, step) }),
    ...(coarser && { coarser }),
  };
}

/** Mirrors conditioning inputs left to right. Disposes nothing. */
function mirrorInputs({ context, coarser }: ConditioningInputs): ConditioningInputs {
  return { ...(context && { context: mirrorContext(context) }), ...(coarser && { coarser: mirrorImage(coarser) }) };
}

/** Disposes all tensors of conditioning inputs. */
export function disposeInputs({ context, coarser }: ConditioningInputs): void {
  if (context) tf.dispose([...context.frames, context.valid, context.noise, ...(context.known?.frames ?? [])]);
  if (coarser) tf.dispose(coarser);
}

/** History of a clip: counts its known and expected frames, and keeps the last of them as levels. */
export class FrameHistory extends StridedHistory<Levels> {
  /** @param kept number of last frames to keep, if more than a model reads at its longest stride */
  constructor(
    private readonly shape: ExampleShape,
    private readonly kept = 0,
  ) {
    super(shape.context, Math.max(kept, historyLength(shape.context)));
  }

  /**
   * Adds the clip's next frame, height x width x channels bytes, as a known one.
   * @throws PxvError `INPUT` if the frame has another size
   */
  push(frame: Uint8Array): void {
    this.addKnown(this.levels(frame));
  }

  /**
   * Adds to `buffer` the example of the clip's next frame, in bytes, after this history. With a `subsequence`, the
   * context is that of the subsequence; nothing is added if it has too few known frames.
   * @throws PxvError `INPUT` if `frame` has another number of bytes than the model's frames
   * @internal
   */
  addExample(buffer: ExampleBuffer, frame: Uint8Array, subsequence?: Subsequence): void {
    const context = subsequence === undefined ? this.leading()[0].context : this.every(subsequence);
    if (subsequence === undefined || hasEnoughContext(subsequence, context.frames.length))
      buffer.addAfter(context, this.levels(frame));
  }

  /**
   * Returns an example of the next frame of each history, all of one model. The images are placeholders. The caller
   * disposes the result.
   * @internal
   */
  static examples(histories: readonly FrameHistory[]): Examples {
    const contexts = histories.map((history) => history.leading()[0].context);
    return examplesAfter(histories[0].shape, contexts);
  }

  /** Returns an independent copy with the same frames so far. */
  copy(): FrameHistory {
    return Object.assign(new FrameHistory(this.shape, this.kept), this);
  }

  private levels(frame: Uint8Array): Levels {
    const { size, channels } = this.shape;
    if (frame.length === frameBytes(this.shape)) return bytesToLevels(this.shape, frame);
    const expected = `${frameBytes(this.shape)} bytes (${size.width}x${size.height}x${channels})`;
    const remedy = "resize the frame to the model's size";
    throw errorFactory('INPUT', 'add a frame to a history')('frame', expected, `${frame.length}`, remedy);
  }
}
