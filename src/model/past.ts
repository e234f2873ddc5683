import { laterWindow, type PastWindow } from '../conditioning/index.js';
import { errorsOf } from '../foundation/errors.js';
import { levelsOf, type Levels } from '../foundation/levels.js';
import { examplesAfter, frameBytes, type ExampleBuffer, type Examples, type ExampleShape } from './examples.js';
import {
  endsWithKnown,
  hasFrame,
  lastKnownAgo,
  LEAST_GIVEN,
  leadsTo,
  LONGEST_STRIDE,
  SUBSEQUENCES,
  type Subsequence,
} from './subsequences.js';

/** The frames of a subsequence that its next one is expected from. */
export interface Stride<F> {
  subsequence: Subsequence;
  window: PastWindow<F>;
}

/** Whether what is expected at a stride counts: of a longer one enough is known to tell of motion. */
export function countsAt<F>({ subsequence, window }: Stride<F>): boolean {
  return subsequence.stride === 1 || window.frames.length >= LEAST_GIVEN;
}

/**
 * What the next frame of a clip is expected from: the frames before it, of any form, known or expected, and those at
 * each longer stride that leads to it, over which motion shows more clearly, and less is lost in fewer steps.
 */
export class StridedPast<F> {
  private count = 0;
  /** The next frame: 1 for the one after the last that was known. */
  private ahead = 1;
  /** Oldest first. */
  private last: readonly F[] = [];

  /**
   * @param length frames that a model is given
   * @param remembered frames that are kept
   * @param strides what was known at each stride, where nothing else is remembered
   */
  constructor(
    private readonly length: number,
    readonly remembered = length * LONGEST_STRIDE,
    private strides: readonly Stride<F>[] | null = null,
  ) {}

  /** How many frames there are so far: the index, in their clip, of the next one. */
  get frames(): number {
    return this.count;
  }

  /** Counts frames of the clip that were before those that are given. */
  skip(frames: number): void {
    this.count += frames;
  }

  /** The last frames, oldest first. */
  get lastFrames(): readonly F[] {
    return this.last;
  }

  /** Adds the clip's next frame, a true one, or one that counts as such. */
  addKnown(frame: F): void {
    this.add(frame);
    this.strides = null;
    this.ahead = 1;
  }

  /** Adds a frame that was expected after those before, or nearly, as what is carried on of a drawn one. */
  addExpected(frame: F): void {
    this.strides = this.atStrides().map(({ subsequence, window }) => {
      if (!hasFrame(subsequence, this.ahead)) return { subsequence, window };
      return { subsequence, window: laterWindow(window, frame, this.length, endsWithKnown(subsequence)) };
    });
    this.add(frame);
    this.ahead++;
  }

  private add(frame: F): void {
    this.count++;
    if (this.remembered > 0) this.last = [...this.last, frame].slice(-this.remembered);
  }

  /** The windows that the next frame is expected from: the frames before it, then those at each longer stride that leads to it. */
  leading(): Stride<F>[] {
    return this.atStrides().filter(({ subsequence }) => leadsTo(subsequence, this.ahead));
  }

  private atStrides(): readonly Stride<F>[] {
    const known = () => SUBSEQUENCES.map((subsequence) => ({ subsequence, window: this.every(subsequence) }));
    return this.strides ?? known().filter(countsAt);
  }

  /** The last frames of a subsequence, as those of a slower clip, where all frames so far are known. */
  every(subsequence: Subsequence): PastWindow<F> {
    const { stride } = subsequence;
    const newest = this.last.length - 1 - lastKnownAgo(subsequence);
    const count = Math.max(0, Math.min(this.length, Math.floor(newest / stride) + 1));
    const frames = Array.from({ length: count }, (_, at) => this.last[newest - (count - 1 - at) * stride]);
    return { frames, known: null };
  }
}

/** The past of a clip: its frames so far, true, drawn or expected, of which the last are kept as levels. */
export class Past extends StridedPast<Levels> {
  /** @param kept frames that are remembered, where that is more than what a model is given at its longest stride */
  constructor(
    private readonly shape: ExampleShape,
    private readonly kept = 0,
  ) {
    super(shape.context, Math.max(kept, shape.context * LONGEST_STRIDE));
  }

  /** Adds the clip's next frame, height x width x channels bytes. A frame of another size is an `INPUT` error. */
  push(frame: Uint8Array): void {
    this.addKnown(this.levels(frame));
  }

  /** Adds the example of the next frame, in bytes; where given, of a subsequence of known frames, if it has enough. */
  addExample(buffer: ExampleBuffer, frame: Uint8Array, subsequence?: Subsequence): void {
    const window = subsequence === undefined ? this.leading()[0].window : this.every(subsequence);
    if (subsequence === undefined || countsAt({ subsequence, window })) buffer.addAfter(window, this.levels(frame));
  }

  /** What is given for the frame after each of some pasts of one model; the examples' images mean nothing. */
  static examples(pasts: readonly Past[]): Examples {
    const windows = pasts.map((past) => past.leading()[0].window);
    return examplesAfter(pasts[0].shape, windows);
  }

  /** A past with the same frames so far; what is added to one is not in the other. */
  copy(): Past {
    return Object.assign(new Past(this.shape, this.kept), this);
  }

  private levels(frame: Uint8Array): Levels {
    const { size, channels } = this.shape;
    if (frame.length === frameBytes(this.shape)) return levelsOf(this.shape, frame);
    const expected = `${frameBytes(this.shape)} bytes (${size.width}x${size.height}x${channels})`;
    const remedy = "bring the frame to the model's size";
    throw errorsOf('INPUT', 'add a frame to a past')('frame', expected, `${frame.length}`, remedy);
  }
}
