import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';

/**
 * Temporal subsampling of a clip: every `stride`-th frame. One of these frames is `phase` frames after the last known
 * frame of the clip, with `phase` from 0 to stride - 1.
 */
export interface Subsequence {
  /** Distance between successive frames of the subsequence, in frames of the clip. */
  stride: number;
  /**
   * Distance from the last known frame of the clip to the next frame of the subsequence, in frames; 0: the last known
   * frame itself.
   */
  phase: number;
}

/** All subsequences that frames are predicted from (docs/decisions/0012-one-past-one-forecaster.md). */
export const SUBSEQUENCES: readonly Subsequence[] = [
  { stride: 1, phase: 0 },
  { stride: 2, phase: 0 },
  { stride: 2, phase: 1 },
  { stride: 4, phase: 0 },
];

/** Maximum distance between two successive context frames, in frames. */
export const LONGEST_STRIDE = Math.max(...SUBSEQUENCES.map(({ stride }) => stride));

/** Minimum number of context frames at a stride above 1: one frame alone shows no motion. */
export const MIN_STRIDED_CONTEXT = 2;

/**
 * Returns true if `frames` context frames suffice to predict at a subsequence's stride: any number at stride 1, else
 * `MIN_STRIDED_CONTEXT` or more.
 */
export function hasEnoughContext({ stride }: Subsequence, frames: number): boolean {
  return stride === 1 || frames >= MIN_STRIDED_CONTEXT;
}

/**
 * Number of context frames from which on a model predicts at stride 1 alone, as the context itself shows the motion,
 * and from which on a preset has a GRU.
 */
export const LONG_CONTEXT = 8;

/**
 * Returns the entries of `SUBSEQUENCES` that a model with `context` context frames reads: all with enough context (see
 * `hasEnoughContext`), stride 1 alone from 8 frames on.
 */
export function subsequencesFor(context: number): Subsequence[] {
  const longest = context < LONG_CONTEXT ? LONGEST_STRIDE : 1;
  return SUBSEQUENCES.filter((subsequence) => subsequence.stride <= longest && hasEnoughContext(subsequence, context));
}

/**
 * Returns the number of last frames of a clip that a model's context spans at the longest stride.
 * @param context number of the model's context frames
 */
export function historyLength(context: number): number {
  return context * Math.max(...subsequencesFor(context).map(({ stride }) => stride));
}

/**
 * Returns the maximum number of different frames that a `StridedHistory` keeps while it takes one more: the last ones,
 * among which are the context frames at all strides, and the known frames of each stride, whose motion continues.
 * @param context number of the model's context frames
 */
export function maxKeptFrames(context: number): number {
  return historyLength(context) + subsequencesFor(context).length * context + 1;
}

/**
 * Returns the distance, in frames, from the last known frame of a subsequence to the last known frame of the clip; 0 if
 * they are the same.
 */
export function distanceToLastKnown({ stride, phase }: Subsequence): number {
  return (stride - phase) % stride;
}

/**
 * Returns true if a subsequence contains the clip's last known frame. If so, the motion of its known frames continues
 * over expected frames; if not, motion is estimated again after each expected frame.
 */
export function endsWithKnown({ phase }: Subsequence): boolean {
  return phase === 0;
}

/** Returns true if a subsequence contains the frame `ahead` frames after the last known one, 1 for the next. */
export function hasFrame({ stride, phase }: Subsequence, ahead: number): boolean {
  return ahead % stride === phase;
}

/**
 * Returns true if a subsequence predicts the frame `ahead` frames after the last known one: if the subsequence contains
 * the frame, and `ahead` is its stride or more. Returns false otherwise.
 */
export function leadsTo(subsequence: Subsequence, ahead: number): boolean {
  return hasFrame(subsequence, ahead) && ahead >= subsequence.stride;
}

/**
 * Returns the expected frame: the mean of the predictions of a frame at several strides, as the sum of `expected` over
 * the sum of `counts`. Call `meanOverStrides` within `tf.tidy`.
 * @param expected predictions or sums of predictions, [batch, height, width, features]; zeros for an example without a
 *   prediction
 * @param counts number of predictions in each of `expected`, [batch, 1, 1, 1]; default: 1
 * @param divide function that divides the sum by the count
 */
export function meanOverStrides(
  expected: readonly Tensor4D[],
  counts: readonly Tensor4D[] = expected.map(() => tf.ones<Rank.R4>([1, 1, 1, 1])),
  divide: (sum: Tensor4D, count: Tensor4D) => Tensor4D = tf.div,
): Tensor4D {
  return divide(tf.addN([...expected]), tf.addN([...counts]));
}

/** Context frames of a frame to predict; F is the form of a frame: levels, or a batch of tensors. */
export interface ContextFrames<F> {
  /** Frames, oldest first: as many as the model reads, or fewer if no more exist. */
  frames: readonly F[];
  /**
   * Last known frames and the number of expected frames after them; null: all `frames` are known, or treated as known.
   */
  known: { frames: readonly F[]; expected: number } | null;
}

/** Context of the first frame of a clip: no frames. */
export const NO_FRAMES: ContextFrames<never> = { frames: [], known: null };

/**
 * Maximum number of expected frames over which the motion of the last known frames continues. After these, the last
 * context frames are treated as known: motion is estimated again between them.
 */
export const MAX_MOTION_FRAMES = 8;

/** Every `stride`-th frame of a clip before the frame to predict (see `Subsequence`), as context frames. */
export interface StridedContext<F> {
  subsequence: Subsequence;
  context: ContextFrames<F>;
}

/**
 * History of a clip: known frames, then expected frames (mean predictions), of the form F. The history gives the
 * context frames of the next frame, at stride 1 and at each longer stride that leads to the frame. Longer strides show
 * motion more clearly, and reach a frame in fewer predictions, each of which blurs.
 */
export class StridedHistory<F> {
  private count = 0;
  /** Number of frames from the last known one to the next frame, 1 or more. */
  private ahead = 1;
  /** Frames that are kept, oldest first. */
  private last: readonly F[] = [];

  /**
   * @param length number of context frames that the model reads
   * @param remembered number of last frames that are kept
   * @param strides known context frames at each stride, if no frames are kept; null: they are selected from the frames
   *   added
   */
  constructor(
    private readonly length: number,
    readonly remembered = historyLength(length),
    private strides: readonly StridedContext<F>[] | null = null,
  ) {}

  /** Number of frames so far, which is the index of the next frame in the clip. */
  get frames(): number {
    return this.count;
  }

  /** Adds `frames` to the number of frames so far, for earlier frames of the clip that are not added. */
  skip(frames: number): void {
    this.count += frames;
  }

  /** Last frames, oldest first, at most `remembered`. */
  get lastFrames(): readonly F[] {
    return this.last;
  }

  /** Adds the clip's next frame as a known one. @internal */
  addKnown(frame: F): void {
    this.add(frame);
    this.strides = null;
    this.ahead = 1;
  }

  /** Adds the clip's next frame as an expected one: the motion of known frames continues over it. @internal */
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
   * Returns a context advanced by one frame.
   * @param continues true to continue the motion of the known frames, false to find motion again
   */
  private advance({ frames, known }: ContextFrames<F>, frame: F, continues: boolean): ContextFrames<F> {
    const later = this.length === 0 ? [] : [...frames, frame].slice(-this.length);
    if (!continues) return { frames: later, known: null };
    const before = known !== null && known.expected < MAX_MOTION_FRAMES ? known : { frames, expected: 0 };
    return { frames: later, known: { ...before, expected: before.expected + 1 } };
  }

  /**
   * Returns the contexts to predict the next frame from: stride 1, then each longer stride that leads to the frame.
   * @internal
   */
  leading(): StridedContext<F>[] {
    return this.atStrides().filter(({ subsequence }) => leadsTo(subsequence, this.ahead));
  }

  private atStrides(): readonly StridedContext<F>[] {
    if (this.strides !== null) return this.strides;
    const known = subsequencesFor(this.length).map((subsequence) => ({
      subsequence,
      context: this.every(subsequence),
    }));
    return known.filter(({ subsequence, context }) => hasEnoughContext(subsequence, context.frames.length));
  }

  /**
   * Returns the last known frames of a subsequence as context frames, oldest first, as of a clip at a lower frame rate.
   * All frames so far must be known.
   * @internal
   */
  every(subsequence: Subsequence): ContextFrames<F> {
    const { stride } = subsequence;
    const newest = this.last.length - 1 - distanceToLastKnown(subsequence);
    const count = Math.max(0, Math.min(this.length, Math.floor(newest / stride) + 1));
    const frames = Array.from({ length: count }, (_, at) => this.last[newest - (count - 1 - at) * stride]);
    return { frames, known: null };
  }
}
