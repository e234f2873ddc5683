import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';

/**
 * Every `stride`-th frame of a clip, one of which lies `phase` frames after the last known one, 0 <= phase < stride.
 */
export interface Subsequence {
  stride: number;
  phase: number;
}

/** Subsequences that frames ahead are predicted from (docs/decisions/0012-one-past-one-forecaster.md). */
export const SUBSEQUENCES: readonly Subsequence[] = [
  { stride: 1, phase: 0 },
  { stride: 2, phase: 0 },
  { stride: 2, phase: 1 },
  { stride: 4, phase: 0 },
];

/** Largest distance between two context frames, in frames. */
export const LONGEST_STRIDE = Math.max(...SUBSEQUENCES.map(({ stride }) => stride));

/** Fewest context frames at a stride above 1: one alone shows no motion. */
export const LEAST_GIVEN = 2;

/** Returns true if `frames` context frames are enough to predict from at a stride. */
export function areEnough({ stride }: Subsequence, frames: number): boolean {
  return stride === 1 || frames >= LEAST_GIVEN;
}

/** Returns the subsequences that a model predicts from. @param context number of frames that it is given */
export function subsequencesFor(context: number): Subsequence[] {
  return SUBSEQUENCES.filter((subsequence) => areEnough(subsequence, context));
}

/**
 * Returns the number of frames that a model reads at its longest stride.
 * @param context number of frames that it is given
 */
export function historyLength(context: number): number {
  return context * LONGEST_STRIDE;
}

/** Returns the number of frames from the last known one of a subsequence to the last known one of the clip. */
export function lastKnownAgo({ stride, phase }: Subsequence): number {
  return (stride - phase) % stride;
}

/** Returns true if a subsequence ends with the last known frame, so that motion among its known frames continues. */
export function endsWithKnown({ phase }: Subsequence): boolean {
  return phase === 0;
}

/** Returns true if a subsequence has the frame `ahead` places after the last known one, 1 for the next. */
export function hasFrame({ stride, phase }: Subsequence, ahead: number): boolean {
  return ahead % stride === phase;
}

/**
 * Returns true if the frame `ahead` is predicted from those of a subsequence before it: a whole stride lies between.
 */
export function leadsTo(subsequence: Subsequence, ahead: number): boolean {
  return hasFrame(subsequence, ahead) && ahead >= subsequence.stride;
}

/**
 * Returns the expected frame: the mean of the predictions at each stride.
 * @param expected predictions at each stride, [batch, height, width, features], or sums over some; zero where one does
 *   not count
 * @param counts number of strides that each is of, [batch, 1, 1, 1]; default: one
 * @param divide divides the sum by the count
 */
export function meanOverStrides(
  expected: readonly Tensor4D[],
  counts: readonly Tensor4D[] = expected.map(() => tf.ones<Rank.R4>([1, 1, 1, 1])),
  divide: (sum: Tensor4D, count: Tensor4D) => Tensor4D = tf.div,
): Tensor4D {
  return divide(tf.addN([...expected]), tf.addN([...counts]));
}

/** Context frames that a frame is predicted from, of any form: levels, or a batch of tensors. */
export interface ContextFrames<F> {
  /** Oldest first: as many as a model is given, or as exist. */
  frames: readonly F[];
  /**
   * If some of them are expected: the known frames before, and the number of expected ones since; null: all are known.
   */
  known: { frames: readonly F[]; expected: number } | null;
}

/** Context of a first frame: nothing is before it. */
export const NO_FRAMES: ContextFrames<never> = { frames: [], known: null };

/**
 * Expected frames over which known motion continues; then the last frames count as known, though they were expected.
 */
export const MOTION_LASTS = 8;

/** Context frames of one subsequence. */
export interface StridedContext<F> {
  subsequence: Subsequence;
  context: ContextFrames<F>;
}

/**
 * History of a clip, in frames of any form, known or expected: it gives the context frames of the next one. Besides the
 * frames just before it these are those at each longer stride that leads to it: motion shows more clearly there, and
 * fewer steps lose less.
 */
export class StridedHistory<F> {
  private count = 0;
  /** The next frame: 1 for the one after the last known one. */
  private ahead = 1;
  /** Oldest first. */
  private last: readonly F[] = [];

  /**
   * @param length number of frames that a model is given
   * @param remembered number of frames that are kept
   * @param strides known frames at each stride, where nothing else is remembered
   */
  constructor(
    private readonly length: number,
    readonly remembered = historyLength(length),
    private strides: readonly StridedContext<F>[] | null = null,
  ) {}

  /** Number of frames so far: the index, in their clip, of the next one. */
  get frames(): number {
    return this.count;
  }

  /** Counts frames of the clip that were before those that are added. */
  skip(frames: number): void {
    this.count += frames;
  }

  /** The last frames, oldest first. */
  get lastFrames(): readonly F[] {
    return this.last;
  }

  /** Adds the clip's next frame as a known one. */
  addKnown(frame: F): void {
    this.add(frame);
    this.strides = null;
    this.ahead = 1;
  }

  /** Adds the clip's next frame as an expected one: known motion continues over it. */
  addExpected(frame: F): void {
    this.strides = this.atStrides().map(({ subsequence, context }) => {
      if (!hasFrame(subsequence, this.ahead)) return { subsequence, context };
      return { subsequence, context: this.advance(context, frame, endsWithKnown(subsequence)) };
    });
    this.add(frame);
    this.ahead++;
  }

  private add(frame: F): void {
    this.count++;
    if (this.remembered > 0) this.last = [...this.last, frame].slice(-this.remembered);
  }

  /**
   * Returns the context one frame later.
   * @param continues whether motion among its known frames continues, or is found again
   */
  private advance({ frames, known }: ContextFrames<F>, frame: F, continues: boolean): ContextFrames<F> {
    const later = this.length === 0 ? [] : [...frames, frame].slice(-this.length);
    if (!continues) return { frames: later, known: null };
    const before = known !== null && known.expected < MOTION_LASTS ? known : { frames, expected: 0 };
    return { frames: later, known: { ...before, expected: before.expected + 1 } };
  }

  /**
   * Returns the contexts of the next frame: the frames just before it, then those at each longer stride that leads to
   * it.
   */
  leading(): StridedContext<F>[] {
    return this.atStrides().filter(({ subsequence }) => leadsTo(subsequence, this.ahead));
  }

  private atStrides(): readonly StridedContext<F>[] {
    if (this.strides !== null) return this.strides;
    const known = SUBSEQUENCES.map((subsequence) => ({ subsequence, context: this.every(subsequence) }));
    return known.filter(({ subsequence, context }) => areEnough(subsequence, context.frames.length));
  }

  /** Returns the last frames of a subsequence, as those of a slower clip. All frames so far must be known. */
  every(subsequence: Subsequence): ContextFrames<F> {
    const { stride } = subsequence;
    const newest = this.last.length - 1 - lastKnownAgo(subsequence);
    const count = Math.max(0, Math.min(this.length, Math.floor(newest / stride) + 1));
    const frames = Array.from({ length: count }, (_, at) => this.last[newest - (count - 1 - at) * stride]);
    return { frames, known: null };
  }
}
