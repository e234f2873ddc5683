import { errorsOf } from '../foundation/errors.js';
import type { Box, Size } from '../foundation/frame.js';
import { numberOf } from '../foundation/number-of.js';
import { Places } from './places.js';
import { Usual, type UsualState } from './usual.js';

/** Bits of a pixel below which fewer are no matter: where nothing moves, compression makes a few into many and none. */
const FEW_BITS = 1;
/** Seconds of a source that tell what is usual in it, those that are needed at least, and those that a first guess counts as. */
const MEMORY = 20;
const LEAST = 2;
const PRIOR = 2;
/** Seconds that a frame is cheap before it is frozen: compression makes single ones cheap. */
const FROZEN = 0.2;

/** What a source is compared with; where nothing is said, with what it has shown before. */
export interface Comparison {
  /** What was learned to be usual, which stays so. */
  usual?: UsualFrames | undefined;
  /** So many first frames of the source, two or more, teach what is usual, which then stays so: they are not given. */
  learnFirst?: number | undefined;
}

/** How far a frame stands out by itself. */
export interface Deviation {
  /** In deviations from what is usual, of the place where it is most; 0 while too little was seen to tell. */
  deviation: number;
  box: Box;
  /** Of each place: see `StandOut.boxes`. */
  ofPlaces: Float64Array;
}

/** What is usual in a source, as `StandOut.toJSON` gives it. */
export interface UsualFrames {
  /** Frames that were learned. */
  frames: number;
  /** What each place costs. */
  places: UsualState;
  /** How cheap a whole frame is. */
  whole: UsualState;
}

/** As `StandOut.toJSON` gives it. */
export interface StandOutState extends UsualFrames {
  /** How cheap the last frames were, in deviations. */
  cheap: number[];
}

/**
 * How far the frames of a source stand out: by what each place of a frame costs, against what it usually costs. Costs are in octaves: what is
 * usual is a factor, and few values are far off.
 *
 * A place that costs less than usual is no surprise: for once nobody walks there. Frames that cost less all over are: they are frozen.
 */
export class StandOut {
  private readonly places: Places;
  private readonly whole: Box;
  private readonly usualOf: { places: Usual; whole: Usual };
  private readonly least: number;
  private frames = 0;
  private cheap: number[];
  /** How many frames that cost something teach what is usual. */
  private readonly last: number;

  /**
   * @param frameRate frames a second
   * @throws PxvError `INPUT` where what is usual was learned at another size
   */
  constructor(
    private readonly size: Size,
    frameRate: number,
    { usual, learnFirst }: Comparison = {},
  ) {
    const forgets = usual === undefined && learnFirst === undefined;
    // The first of them has nothing before it.
    this.last = usual !== undefined ? 0 : (learnFirst ?? Infinity) - 1;
    this.places = new Places(size);
    this.whole = { x: 0, y: 0, width: size.width, height: size.height };
    const inFrames = (seconds: number) => Math.max(1, Math.round(seconds * frameRate));
    const usualOf = (values: number) => new Usual(values, inFrames(PRIOR), forgets ? inFrames(MEMORY) : Infinity);
    this.usualOf = { places: usualOf(this.boxes.length), whole: usualOf(1) };
    this.least = inFrames(LEAST);
    this.cheap = new Array<number>(inFrames(FROZEN)).fill(0);
    if (usual !== undefined) this.restore({ cheap: this.cheap, ...usual });
  }

  /** The places that are looked at. */
  get boxes(): readonly Box[] {
    return this.places.boxes;
  }

  /** Goes on from a state of a source of this size. */
  restore({ frames, places, whole, cheap }: StandOutState): void {
    const learned = places.means.length;
    if (learned !== this.boxes.length)
      throw otherSize('usual', numberOf(this.boxes.length, 'place'), numberOf(learned, 'place'));
    this.frames = frames;
    this.cheap = [...cheap];
    this.usualOf.places.restore(places);
    this.usualOf.whole.restore(whole);
  }

  /** The next frame, which is then part of what the source has shown. @param bits of each pixel, height x width */
  add(bits: Float64Array): Deviation {
    const found = this.deviationOf(bits);
    if (this.frames < this.last) this.learn(bits);
    return found;
  }

  /** Learns what a frame costs as usual. */
  learn(bits: Float64Array): void {
    this.frames++;
    this.usualOf.places.learn(this.costsOf(bits));
    this.usualOf.whole.learn([cheapness(bits)]);
  }

  toJSON(): StandOutState {
    const { places, whole } = this.usualOf;
    return { frames: this.frames, places: places.toJSON(), whole: whole.toJSON(), cheap: [...this.cheap] };
  }

  private costsOf(bits: Float64Array): Float64Array {
    const { width, height } = this.size;
    if (bits.length !== width * height)
      throw otherSize('frame', `${width}x${height} pixels, as the frames before`, `${bits.length} in all`);
    return this.places.meansOf(bits).map(octaves);
  }

  private deviationOf(bits: Float64Array): Deviation {
    const ofPlaces = this.usualOf.places.deviationsOf(this.costsOf(bits));
    if (this.frames < Math.min(this.last, this.least))
      return { deviation: 0, box: this.whole, ofPlaces: ofPlaces.fill(0) };
    this.cheap.shift();
    this.cheap.push(...this.usualOf.whole.deviationsOf([cheapness(bits)]));
    let [deviation, box] = [Math.max(0, Math.min(...this.cheap)), this.whole];
    for (const [place, ofPlace] of ofPlaces.entries())
      if (ofPlace > deviation) [deviation, box] = [ofPlace, this.boxes[place]];
    return { deviation, box, ofPlaces };
  }
}

function otherSize(argument: string, expected: string, received: string): Error {
  return errorsOf('INPUT', 'find surprise')(argument, expected, received, 'bring all frames to one size');
}

const octaves = (bits: number) => Math.log2(bits + FEW_BITS);

/** How little a whole frame costs. */
function cheapness(bits: Float64Array): number {
  return -octaves(bits.reduce((sum, value) => sum + value, 0) / bits.length);
}
