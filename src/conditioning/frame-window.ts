import { tf } from '../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { frameBytes, type ImageShape, type Levels } from '../foundation/levels.js';

/** The frames before an image, as many as a model is given. */
export interface FrameWindow {
  /**
   * One tensor for each frame, oldest first, [batch, height, width, channels], in levels. Frames that do not exist
   * repeat the oldest that does; where none does, all are at the middle level.
   */
  frames: readonly Tensor4D[];
  /** [batch, height, width, frames]: 1 where the frame exists, else 0. */
  valid: Tensor4D;
  /** [batch, height, width, 1]: strength of the noise in frames and earlier sub-pixels, in levels; 0: they are true. */
  noise: Tensor4D;
  /** Where some of the frames are expected ones, or nearly: what was known before. Absent: all frames are known. */
  known?: KnownFrames;
}

/** The frames that were known before others were expected, among which motion does not fade. */
export interface KnownFrames {
  /** As those of a window. */
  frames: readonly Tensor4D[];
  /** Frames that were expected since, 0 to `MOTION_LASTS`, of each example. */
  expected: readonly number[];
}

/** The frames that an image is expected from, of any form: levels, or a batch of tensors. */
export interface PastWindow<F> {
  /** Oldest first, as many as a model is given, or as there are. */
  frames: readonly F[];
  /** Where some of them were expected, what was known before, and how many were expected since; null: all are known. */
  known: { frames: readonly F[]; expected: number } | null;
}

/** Frames that motion goes on for; then the last frames, though they were expected, count as known. */
export const MOTION_LASTS = 8;

/** A window one frame later, of at most `length`; motion among its known frames goes on, or is looked for again. */
export function laterWindow<F>(
  { frames, known }: PastWindow<F>,
  frame: F,
  length: number,
  motionGoesOn: boolean,
): PastWindow<F> {
  const later = length === 0 ? [] : [...frames, frame].slice(-length);
  if (!motionGoesOn) return { frames: later, known: null };
  const before = known !== null && known.expected < MOTION_LASTS ? known : { frames, expected: 0 };
  return { frames: later, known: { ...before, expected: before.expected + 1 } };
}

/** Collects windows of frames, example by example, and hands them over as tensors; reused from batch to batch. */
export class FrameWindowBuffer {
  private readonly area: number;
  /** For each place in the window, the frames of all examples there. */
  private readonly frames: Float32Array[];
  private readonly valid: Float32Array;
  private readonly noise: Float32Array;
  /** As `frames`, of what was known before expected frames; null where no example has any. */
  private known: Float32Array[] | null = null;
  /** Frames that were expected since, of each example. */
  private readonly expected: Int32Array;

  /** @param length frames of a window, 1 or more */
  constructor(
    private readonly shape: ImageShape,
    private readonly length: number,
    private readonly capacity: number,
  ) {
    this.area = shape.size.height * shape.size.width;
    this.frames = Array.from({ length }, () => new Float32Array(capacity * frameBytes(shape)));
    this.valid = new Float32Array(capacity * this.area * length);
    this.noise = new Float32Array(capacity * this.area);
    this.expected = new Int32Array(capacity);
  }

  /** Writes the window of one example, whose noise is 0. */
  set(example: number, { frames, known }: PastWindow<Levels>): void {
    const { length } = this;
    this.write(this.of(example), frames);
    const valid = this.partOf(this.valid, example);
    for (let i = 0; i < valid.length; i++) valid[i] = i % length < length - frames.length ? 0 : 1;
    this.tell(example, 0);
    this.expected[example] = known?.expected ?? 0;
    if (known === null) return;
    this.known ??= this.frames.map(({ length: values }) => new Float32Array(values));
    this.write(this.placesOf(this.known, example), known.frames);
  }

  /** Frames at the places of a window, the oldest again where there are fewer. */
  private write(places: readonly Float32Array[], frames: readonly Levels[]): void {
    const missing = places.length - frames.length;
    for (const [k, values] of places.entries()) {
      if (frames.length === 0) values.fill((this.shape.levels - 1) / 2);
      else values.set(frames[Math.max(k, missing) - missing]);
    }
  }

  /** Levels of an example's frames, oldest first; they may be changed in place. */
  of(example: number): Float32Array[] {
    return this.placesOf(this.frames, example);
  }

  private placesOf(frames: readonly Float32Array[], example: number): Float32Array[] {
    return frames.map((values) => this.partOf(values, example));
  }

  /** An example's part of the values of all. */
  private partOf(values: Float32Array, example: number): Float32Array {
    const size = values.length / this.capacity;
    return values.subarray(example * size, (example + 1) * size);
  }

  /** What is known of each example: where no frame is expected, its window. */
  private knownOf(expected: readonly number[]): Float32Array[] {
    for (const [example, frames] of expected.entries()) {
      if (frames === 0) this.placesOf(this.known!, example).forEach((values, k) => values.set(this.of(example)[k]));
    }
    return this.known!;
  }

  /** Sets the strength of the noise, in levels, that is told with an example. */
  tell(example: number, noise: number): void {
    this.partOf(this.noise, example).fill(noise);
  }

  /** Tensors of the first `count` examples; they keep their values when the buffer is filled again. */
  tensors(count: number): FrameWindow {
    const { height, width } = this.shape.size;
    const tensor = (values: Float32Array): Tensor4D => {
      const size = values.length / this.capacity;
      return tf.tensor4d(values.slice(0, count * size), [count, height, width, size / this.area]);
    };
    const expected = [...this.expected.subarray(0, count)];
    const known = expected.some((frames) => frames > 0) ? this.knownOf(expected) : null;
    return {
      frames: this.frames.map(tensor),
      valid: tensor(this.valid),
      noise: tensor(this.noise),
      ...(known && { known: { frames: known.map(tensor), expected } }),
    };
  }
}

/** A frame of every example of a batch, in levels, and 1 where it exists, else 0: [batch, height, width, 1]. */
export interface FrameBatch {
  levels: Tensor4D;
  exists: Tensor4D;
}

/** The frames of a window; frees nothing. */
export function framesOfWindow({ frames, valid }: FrameWindow): FrameBatch[] {
  const exists = tf.split<Tensor4D>(valid, frames.length, 3);
  return frames.map((levels, at) => ({ levels, exists: exists[at] }));
}

/** A window of frames that are there as tensors, as many as a model is given; frees nothing. */
export function windowOfFrames({ frames, known }: PastWindow<FrameBatch>, noise: Tensor4D): FrameWindow {
  const levels = (all: readonly FrameBatch[]) => all.map((frame) => frame.levels);
  const exist = frames.map(({ exists }) => exists);
  return {
    frames: levels(frames),
    valid: exist.length === 1 ? exist[0] : tf.concat(exist, 3),
    noise,
    ...(known && {
      known: { frames: levels(known.frames), expected: new Array<number>(noise.shape[0]).fill(known.expected) },
    }),
  };
}

/** Left and right swapped. */
export function mirrorImage(image: Tensor4D): Tensor4D {
  return tf.reverse(image, 2);
}

/** A window with left and right swapped in all its frames. Frees nothing. */
export function mirroredWindow({ frames, known, ...told }: FrameWindow): FrameWindow {
  return {
    ...told,
    frames: frames.map(mirrorImage),
    ...(known && { known: { ...known, frames: known.frames.map(mirrorImage) } }),
  };
}

/** The last `length` frames of a window at a coarser scale: every `step` pixels. Frees nothing. */
export function cutWindow({ frames, valid, noise, known }: FrameWindow, length: number, step: number): FrameWindow {
  const missing = frames.length - length;
  const planes = subsample(valid, step);
  const cut = (all: readonly Tensor4D[]) => all.slice(missing).map((frame) => subsample(frame, step));
  return {
    frames: cut(frames),
    valid: missing === 0 ? planes : tf.slice(planes, [0, 0, 0, missing]),
    noise: subsample(noise, step),
    ...(known && { known: { ...known, frames: cut(known.frames) } }),
  };
}

/** Every so many pixels of a map, down and across, from its first. */
export function subsample(map: Tensor4D, step: number): Tensor4D {
  return step === 1 ? map : (tf.stridedSlice(map, [0, 0, 0, 0], map.shape, [1, step, step, 1]) as Tensor4D);
}
