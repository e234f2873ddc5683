import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { frameBytes, type ImageShape, type Levels } from '../../foundation/levels.js';
import type { ContextFrames } from './history.js';

/** Context frames of a batch of images as tensors, as many as the model reads. */
export interface ContextTensors {
  /**
   * Frames, oldest first, [batch, height, width, channels] each, in levels. Missing frames repeat the oldest existing
   * one; if none exists, all are at the middle level.
   */
  frames: readonly Tensor4D[];
  /** Mask of existing frames, [batch, height, width, frames]: 1 if the frame exists, else 0. */
  valid: Tensor4D;
  /** Number of first frames that do not exist, of each example. Default: 0, or not known. */
  missing?: readonly number[] | undefined;
  /**
   * Strength of the noise augmentation: standard deviation of the noise added to earlier sub-pixels, [batch, height,
   * width, 1], in levels; 0: no noise.
   */
  noise: Tensor4D;
  /**
   * Known frames whose motion is continued over the expected frames of the context. Undefined if all context frames are
   * known, or if motion is estimated again between expected frames.
   */
  known?: KnownFrames | undefined;
}

/**
 * Last known frames of a context that ends in expected frames: frames predicted in place of unknown ones. The motion
 * between the known frames is extrapolated over the expected frames.
 */
export interface KnownFrames {
  /** Frames, as in `ContextTensors`. */
  frames: readonly Tensor4D[];
  /** Number of first frames that do not exist, as in `ContextTensors`. */
  missing?: readonly number[] | undefined;
  /** Number of expected frames after the known ones, for each example, 0 to `MAX_MOTION_FRAMES`. */
  expected: readonly number[];
}

/** Reusable buffer of context frames: collects the frames of each example, and returns them as tensors. */
export class ContextBuffer {
  private readonly area: number;
  /** Frames of all examples, for each position in the context. */
  private readonly frames: Float32Array[];
  private readonly valid: Float32Array;
  private readonly noise: Float32Array;
  /** Number of missing frames of each example, and of its known frames. */
  private readonly missing: Int32Array;
  private readonly missingKnown: Int32Array;
  /** Known frames before expected ones, as `frames`; null while no example has any. */
  private known: Float32Array[] | null = null;
  /** Number of frames expected since the known ones, for each example. */
  private readonly expected: Int32Array;

  /**
   * @param shape shape of the examples, with a context of 1 or more
   * @param capacity maximum number of examples
   */
  constructor(
    private readonly shape: ImageShape & { context: number },
    private readonly capacity: number,
  ) {
    this.area = shape.size.height * shape.size.width;
    this.frames = Array.from({ length: shape.context }, () => new Float32Array(capacity * frameBytes(shape)));
    this.valid = new Float32Array(capacity * this.area * shape.context);
    this.noise = new Float32Array(capacity * this.area);
    this.missing = new Int32Array(capacity).fill(shape.context);
    this.missingKnown = new Int32Array(capacity);
    this.expected = new Int32Array(capacity);
  }

  /**
   * Sets the context frames of the example with the index `example`, and its noise strength to 0. At most `context`
   * frames are given; missing ones repeat the oldest.
   */
  set(example: number, { frames, known }: ContextFrames<Levels>): void {
    const { context } = this.shape;
    this.write(this.of(example), frames);
    const valid = this.partOf(this.valid, example);
    const missing = context - frames.length;
    for (let i = 0; i < valid.length; i++) valid[i] = i % context < missing ? 0 : 1;
    this.missing[example] = missing;
    this.setNoise(example, 0);
    this.expected[example] = known?.expected ?? 0;
    if (known === null) return;
    this.known ??= this.frames.map(({ length }) => new Float32Array(length));
    this.write(this.placesOf(this.known, example), known.frames);
    this.missingKnown[example] = context - known.frames.length;
  }

  /** Copies frames to the positions of a context; missing frames repeat the oldest. */
  private write(places: readonly Float32Array[], frames: readonly Levels[]): void {
    const missing = places.length - frames.length;
    for (const [k, values] of places.entries()) {
      if (frames.length === 0) values.fill((this.shape.levels - 1) / 2);
      else values.set(frames[Math.max(k, missing) - missing]);
    }
  }

  /** Returns views of an example's frames in levels, oldest first; they may be changed in place. */
  of(example: number): Float32Array[] {
    return this.placesOf(this.frames, example);
  }

  private placesOf(frames: readonly Float32Array[], example: number): Float32Array[] {
    return frames.map((values) => this.partOf(values, example));
  }

  /** Returns an example's part of the values of all examples. */
  private partOf(values: Float32Array, example: number): Float32Array {
    const size = values.length / this.capacity;
    return values.subarray(example * size, (example + 1) * size);
  }

  /** Returns the known frames of all examples; for an example without expected frames, its context. */
  private knownOf(expected: readonly number[]): Float32Array[] {
    for (const [example, frames] of expected.entries()) {
      if (frames > 0) continue;
      this.placesOf(this.known!, example).forEach((values, k) => values.set(this.of(example)[k]));
      this.missingKnown[example] = this.missing[example];
    }
    return this.known!;
  }

  /** Sets the noise strength that the network reads for an example, in levels. */
  setNoise(example: number, noise: number): void {
    this.partOf(this.noise, example).fill(noise);
  }

  /** Returns tensors of the first `count` examples, copied from the buffer. The caller disposes the result. */
  tensors(count: number): ContextTensors {
    const { height, width } = this.shape.size;
    const tensor = (values: Float32Array): Tensor4D => {
      const size = values.length / this.capacity;
      return tf.tensor4d(values.slice(0, count * size), [count, height, width, size / this.area]);
    };
    const expected = [...this.expected.subarray(0, count)];
    const known = expected.some((frames) => frames > 0) ? this.knownOf(expected) : undefined;
    return {
      frames: this.frames.map(tensor),
      valid: tensor(this.valid),
      missing: [...this.missing.subarray(0, count)],
      noise: tensor(this.noise),
      known: known && { frames: known.map(tensor), missing: [...this.missingKnown.subarray(0, count)], expected },
    };
  }
}

/**
 * Frame of each example of a batch: levels, [batch, height, width, channels], and a mask, [batch, height, width, 1],
 * that is 1 if the frame exists, else 0.
 */
export interface FrameBatch {
  levels: Tensor4D;
  exists: Tensor4D;
  /** For each example, true if the frame does not exist. Default: it exists, or that is not known. */
  isMissing?: readonly boolean[] | undefined;
}

/** Splits a context into its frames, oldest first, each with its mask. Disposes nothing. */
export function framesOfContext({ frames, valid, missing }: ContextTensors): FrameBatch[] {
  const exists = tf.split<Tensor4D>(valid, frames.length, 3);
  return frames.map((levels, at) => ({ levels, exists: exists[at], isMissing: missing?.map((first) => at < first) }));
}

/**
 * Joins the context frames of a batch into context tensors. `frames` must be as many as the model reads. Disposes
 * nothing.
 * @param noise strength of the noise augmentation, as in `ContextTensors`
 */
export function contextOfFrames({ frames, known }: ContextFrames<FrameBatch>, noise: Tensor4D): ContextTensors {
  const levels = (all: readonly FrameBatch[]) => all.map((frame) => frame.levels);
  const exist = frames.map(({ exists }) => exists);
  const expected = new Array<number>(noise.shape[0]).fill(known?.expected ?? 0);
  const missing = (all: readonly FrameBatch[]) =>
    expected.map((_, example) => all.filter(({ isMissing }) => isMissing?.[example]).length);
  return {
    frames: levels(frames),
    valid: exist.length === 1 ? exist[0] : tf.concat(exist, 3),
    missing: missing(frames),
    noise,
    known: known === null ? undefined : { frames: levels(known.frames), missing: missing(known.frames), expected },
  };
}

/**
 * Joins contexts of equally many frames into one batch, the examples of the first context first. Disposes nothing; one
 * context is returned as it is.
 */
export function joinContexts(contexts: readonly ContextTensors[]): ContextTensors {
  if (contexts.length === 1) return contexts[0];
  const zeros = ({ noise }: ContextTensors) => new Array<number>(noise.shape[0]).fill(0);
  const join = (tensors: readonly Tensor4D[]) => tf.concat<Tensor4D>([...tensors], 0);
  /** Joins the context frames, or the known ones; all frames of a context without expected frames are known. */
  const joinFrames = (all: readonly (ContextTensors | KnownFrames)[]) => ({
    frames: all[0].frames.map((_, k) => join(all.map(({ frames }) => frames[k]))),
    missing: all.flatMap(({ missing }, at) => missing ?? zeros(contexts[at])),
  });
  const expected = contexts.flatMap((context) => context.known?.expected ?? zeros(context));
  return {
    ...joinFrames(contexts),
    valid: join(contexts.map(({ valid }) => valid)),
    noise: join(contexts.map(({ noise }) => noise)),
    known: contexts.some(({ known }) => known)
      ? { ...joinFrames(contexts.map((context) => context.known ?? context)), expected }
      : undefined,
  };
}

/** Applies `change` to the frames and to the known frames of a context. */
function changeFrames({ known, ...context }: ContextTensors, change: (frames: readonly Tensor4D[]) => Tensor4D[]) {
  return {
    ...context,
    frames: change(context.frames),
    known: known && { ...known, frames: change(known.frames) },
  };
}

/** Mirrors an image left to right. The caller disposes the result. */
export function mirrorImage(image: Tensor4D): Tensor4D {
  return tf.reverse(image, 2);
}

/**
 * Mirrors all frames of a context left to right; the mask and the noise, constant in an image, stay. Disposes nothing.
 */
export function mirrorContext(context: ContextTensors): ContextTensors {
  return changeFrames(context, (frames) => frames.map(mirrorImage));
}

/**
 * Returns the last `length` frames of a context at every `step`-th pixel, down and across. Disposes nothing; at a step
 * of 1 the result shares tensors with `context`.
 */
export function downsampleContext(context: ContextTensors, length: number, step: number): ContextTensors {
  const earlier = context.frames.length - length;
  const planes = subsample(context.valid, step);
  const { known, ...changed } = changeFrames(context, (frames) =>
    frames.slice(earlier).map((frame) => subsample(frame, step)),
  );
  const later = (missing?: readonly number[]) => missing?.map((first) => Math.max(0, first - earlier));
  return {
    ...changed,
    known: known && { ...known, missing: later(known.missing) },
    valid: earlier === 0 ? planes : tf.split<Tensor4D>(planes, [earlier, length], 3)[1],
    missing: later(context.missing),
    noise: subsample(context.noise, step),
  };
}

/**
 * Returns every `step`-th pixel of a map, down and across, from the first. Differentiable. The caller disposes the
 * result, which is `map` itself if `step` is 1.
 */
export function subsample(map: Tensor4D, step: number): Tensor4D {
  if (step === 1) return map;
  const [batch, height, width, features] = map.shape;
  const rows = Math.ceil(height / step);
  const columns = Math.ceil(width / step);
  return tf.tidy(() => {
    const padding: [number, number][] = [
      [0, 0],
      [0, rows * step - height],
      [0, columns * step - width],
      [0, 0],
    ];
    const cells = tf.reshape<Rank.R4>(tf.pad(map, padding), [batch * rows, step, columns, step * features]);
    return tf.reshape(tf.slice(cells, [0, 0, 0, 0], [-1, 1, -1, features]), [batch, rows, columns, features]);
  });
}

/**
 * Factor for differences between two frames scaled to -1..1. Differences are small; the factor brings them to the range
 * of the other inputs.
 */
export const DIFFERENCE_GAIN = 8;

/** Scales levels to -1..1. Call `scaleLevels` within `tf.tidy`. */
export function scaleLevels({ levels }: Pick<ImageShape, 'levels'>, image: Tensor4D): Tensor4D {
  const middle = (levels - 1) / 2;
  return tf.div<Tensor4D>(tf.sub(image, middle), middle);
}

/** Scales the levels of a context's frames to -1..1, oldest first. Call `scaleFrames` within `tf.tidy`. */
export function scaleFrames(shape: Pick<ImageShape, 'levels'>, { frames }: ContextTensors): Tensor4D[] {
  return frames.map((frame) => scaleLevels(shape, frame));
}
