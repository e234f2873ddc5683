import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { frameBytes, writeLevels, type ImageShape } from '../levels.js';
import { subsample } from './subsample.js';

/** The frames before an image, as many as a model is given. */
export interface FrameWindow {
  /**
   * One tensor for each frame, oldest first, [batch, height, width, channels], in levels. Frames that do not exist repeat
   * the oldest that does; where none does, all are at the middle level.
   */
  frames: readonly Tensor4D[];
  /** [batch, height, width, frames]: 1 where the frame exists, else 0. */
  valid: Tensor4D;
  /**
   * [batch, height, width, 1]: the strength of the noise, in levels, that the network is told of in what it reads, frames
   * and earlier sub-pixels alike; 0: it reads what is true.
   */
  noise: Tensor4D;
}

/** Collects windows of frames, example by example, and hands them over as tensors; reused from batch to batch. */
export class FrameWindowBuffer {
  private readonly pixels: number;
  /** For each place in the window, the frames of all examples there. */
  private readonly frames: Float32Array[];
  private readonly valid: Float32Array;
  private readonly noise: Float32Array;

  /** @param length frames of a window, 1 or more */
  constructor(
    private readonly shape: ImageShape,
    readonly length: number,
    capacity: number,
  ) {
    this.pixels = frameBytes(shape);
    const area = shape.size.height * shape.size.width;
    this.frames = Array.from({ length }, () => new Float32Array(capacity * this.pixels));
    this.valid = new Float32Array(capacity * area * length);
    this.noise = new Float32Array(capacity * area);
  }

  /**
   * Writes the window of one example, whose noise is 0.
   *
   * @param frames bytes of the frames that exist, oldest first, height x width x channels each
   * @param number of them, at most `length`
   * @param mirrored swaps left and right
   */
  set(example: number, frames: Uint8Array, number: number, mirrored: boolean): void {
    const { length, pixels } = this;
    const missing = length - number;
    for (const [k, values] of this.of(example).entries()) {
      if (number === 0) values.fill((this.shape.levels - 1) / 2);
      else writeLevels(this.shape, frames, (Math.max(k, missing) - missing) * pixels, mirrored, values);
    }
    const planes = this.shape.size.height * this.shape.size.width * length;
    const valid = this.valid.subarray(example * planes, (example + 1) * planes);
    for (let i = 0; i < valid.length; i++) valid[i] = i % length < missing ? 0 : 1;
    this.tell(example, 0);
  }

  /** Levels of an example's frames, oldest first; they may be changed in place. */
  of(example: number): Float32Array[] {
    const { pixels } = this;
    return this.frames.map((values) => values.subarray(example * pixels, (example + 1) * pixels));
  }

  /** Sets the strength of the noise, in levels, that is told with an example. */
  tell(example: number, noise: number): void {
    const { height, width } = this.shape.size;
    this.noise.fill(noise, example * height * width, (example + 1) * height * width);
  }

  /** Tensors of the first `count` examples; they keep their values when the buffer is filled again. */
  tensors(count: number): FrameWindow {
    const { size, channels } = this.shape;
    const tensor = (values: Float32Array, features: number): Tensor4D =>
      tf.tensor4d(values.slice(0, count * size.height * size.width * features), [
        count,
        size.height,
        size.width,
        features,
      ]);
    return {
      frames: this.frames.map((values) => tensor(values, channels)),
      valid: tensor(this.valid, this.length),
      noise: tensor(this.noise, 1),
    };
  }
}

/** A window one frame later, of which `frame` is the last. Frees nothing. */
export function laterWindow({ frames, valid, noise }: FrameWindow, frame: Tensor4D): FrameWindow {
  const [, ...others] = tf.split<Tensor4D>(valid, frames.length, 3);
  return { frames: [...frames.slice(1), frame], valid: tf.concat([...others, tf.onesLike(noise)], 3), noise };
}

/** The last `length` frames of a window at a coarser scale: every `step` pixels. Frees nothing. */
export function cutWindow({ frames, valid, noise }: FrameWindow, length: number, step: number): FrameWindow {
  const missing = frames.length - length;
  const planes = subsample(valid, step);
  return {
    frames: frames.slice(missing).map((frame) => subsample(frame, step)),
    valid: missing === 0 ? planes : tf.slice(planes, [0, 0, 0, missing]),
    noise: subsample(noise, step),
  };
}
