import type { Box, Frame, Size } from '../foundation/frame.js';
import { Places } from './places.js';
import { Usual, type UsualState } from './usual.js';

/** Bits of a pixel, and squared levels, below which less is no matter. */
const FEW_BITS = 0.05;
const SMALL_CHANGE = 1;
/** Seconds of a source that tell what is usual in it, those that are needed at least, and those that a first guess counts as. */
const MEMORY = 20;
const LEAST = 2;
const PRIOR = 4;

/** How far a frame stands out by itself. */
export interface Deviation {
  /** In deviations from what is usual, of the place where it is most; 0 while too little was seen to tell. */
  deviation: number;
  box: Box;
}

/** What is usual in a source, as `StandOut.toJSON` gives it. */
export interface UsualFrames {
  frames: number;
  views: UsualState[];
}

/**
 * How far the frames of a source stand out, each place of a frame against itself. A place has two views: what it costs, and how much
 * it changed since the frame before; the larger deviation counts. Both are in octaves: what is usual is a factor, and few values are far off.
 *
 * A place that costs less than usual is no surprise: nobody walks there for once. A frame that costs less all over is: it is frozen.
 */
export class StandOut {
  private readonly places: Places;
  private readonly squares: Float64Array;
  private readonly whole: Box;
  /** Of what places cost, of how they change, and of how little the whole frame costs. */
  private readonly views: Usual[];
  private readonly least: number;
  private frames = 0;

  /**
   * @param frameRate frames a second
   * @param usual what was learned to be usual, which stays so; undefined: what the source itself shows as it goes
   * @param memory seconds of the source that tell what is usual: of more, the oldest are forgotten little by little
   */
  constructor(
    size: Size,
    frameRate: number,
    private readonly usual?: UsualFrames,
    memory = MEMORY,
  ) {
    this.places = new Places(size);
    this.squares = new Float64Array(size.width * size.height);
    this.whole = { x: 0, y: 0, width: size.width, height: size.height };
    const { length } = this.places.boxes;
    const inFrames = (seconds: number) => Math.max(1, Math.round(seconds * frameRate));
    this.views = [length, length, 1].map((each) => new Usual(each, inFrames(PRIOR), inFrames(memory)));
    this.least = inFrames(LEAST);
    if (usual !== undefined) this.restore(usual);
  }

  /** Goes on from what was seen of the same source before. */
  restore({ frames, views }: UsualFrames): void {
    this.frames = frames;
    views.forEach((view, at) => this.views[at].restore(view));
  }

  /** The next frame, which is then part of what the source has shown. @param bits of each pixel, height x width */
  add(bits: Float64Array, frame: Frame, previous: Frame): Deviation {
    const values = this.valuesOf(bits, frame, previous);
    const found = this.deviationOf(values);
    if (this.usual === undefined) this.learnValues(values);
    return found;
  }

  /** Learns what a frame shows as usual. */
  learn(bits: Float64Array, frame: Frame, previous: Frame): void {
    this.learnValues(this.valuesOf(bits, frame, previous));
  }

  toJSON(): UsualFrames {
    return { frames: this.frames, views: this.views.map((view) => view.toJSON()) };
  }

  private valuesOf(bits: Float64Array, frame: Frame, previous: Frame): Float64Array[] {
    squaredChange(frame, previous, this.squares);
    const octaves = (map: Float64Array, little: number) =>
      this.places.meansOf(map).map((mean) => Math.log2(mean + little));
    const mean = bits.reduce((sum, value) => sum + value, 0) / bits.length;
    return [octaves(bits, FEW_BITS), octaves(this.squares, SMALL_CHANGE), Float64Array.of(-Math.log2(mean + FEW_BITS))];
  }

  private learnValues(values: readonly Float64Array[]): void {
    this.frames++;
    values.forEach((of, view) => this.views[view].learn(of));
  }

  private deviationOf(values: readonly Float64Array[]): Deviation {
    if (this.frames < this.least) return { deviation: 0, box: this.whole };
    const [costs, changes, [frozen]] = values.map((of, view) => this.views[view].deviationsOf(of));
    let found: Deviation = { deviation: Math.max(0, frozen), box: this.whole };
    for (const [place, box] of this.places.boxes.entries()) {
      const deviation = Math.max(costs[place], changes[place]);
      if (deviation > found.deviation) found = { deviation, box };
    }
    return found;
  }
}

/** Of each pixel the mean over its channels. */
function squaredChange(frame: Frame, previous: Frame, into: Float64Array): void {
  const { channels } = frame;
  for (let pixel = 0, at = 0; pixel < into.length; pixel++) {
    let sum = 0;
    for (let c = 0; c < channels; c++, at++) sum += (frame.data[at] - previous.data[at]) ** 2;
    into[pixel] = sum / channels;
  }
}
