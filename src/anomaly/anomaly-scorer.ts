import { errorFactory } from '../foundation/errors.js';
import type { Box, Size } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { FrameRegions } from './frame-regions.js';
import { BaselineStatistics, type BaselineStatisticsState } from './baseline-statistics.js';

/** Bits of a pixel below which fewer are no matter: where nothing moves, compression makes a few into many and none. */
const FEW_BITS = 1;
/** Seconds of a source that tell what is usual in it, those that are needed at least, and those that a first guess counts as. */
const MEMORY = 20;
const LEAST = 2;
const PRIOR = 2;
/** Seconds that a frame is cheap before it is frozen: compression makes single ones cheap. */
const FROZEN = 0.2;

/** What a source is compared with; where nothing is said, with what it has shown before. */
export interface BaselineOptions {
  /** What was learned to be usual, which stays so. */
  baseline?: Baseline | undefined;
  /** So many first frames of the source, two or more, teach what is usual, which then stays so: they are not given. */
  baselineFrames?: number | undefined;
}

/** How far a frame stands out by itself. */
export interface FrameDeviation {
  /** In deviations from what is usual, of the place where it is most; 0 while too little was seen to tell. */
  zScore: number;
  box: Box;
  /** Of each place: see `AnomalyScorer.boxes`. */
  regionZScores: Float64Array;
}

/** What is usual in a source, as `AnomalyScorer.toJSON` gives it. */
export interface Baseline {
  /** Frames that were learned. */
  frames: number;
  /** What each place costs. */
  regions: BaselineStatisticsState;
  /** How cheap a whole frame is. */
  fullFrame: BaselineStatisticsState;
}

/** As `AnomalyScorer.toJSON` gives it. */
export interface AnomalyScorerState extends Baseline {
  /** How cheap the last frames were, in deviations. */
  cheap: number[];
}

/**
 * How far the frames of a source stand out: by what each place of a frame costs, against what it usually costs. Costs are in octaves: what is
 * usual is a factor, and few values are far off.
 *
 * A place that costs less than usual is no surprise: for once nobody walks there. Frames that cost less all over are: they are frozen.
 */
export class AnomalyScorer {
  private readonly places: FrameRegions;
  private readonly whole: Box;
  private readonly usualOf: { places: BaselineStatistics; whole: BaselineStatistics };
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
    { baseline, baselineFrames }: BaselineOptions = {},
  ) {
    const forgets = baseline === undefined && baselineFrames === undefined;
    // The first of them has nothing before it.
    this.last = baseline !== undefined ? 0 : (baselineFrames ?? Infinity) - 1;
    this.places = new FrameRegions(size);
    this.whole = { x: 0, y: 0, width: size.width, height: size.height };
    const inFrames = (seconds: number) => Math.max(1, Math.round(seconds * frameRate));
    const usualOf = (values: number) =>
      new BaselineStatistics(values, inFrames(PRIOR), forgets ? inFrames(MEMORY) : Infinity);
    this.usualOf = { places: usualOf(this.boxes.length), whole: usualOf(1) };
    this.least = inFrames(LEAST);
    this.cheap = new Array<number>(inFrames(FROZEN)).fill(0);
    if (baseline !== undefined) this.restore({ cheap: this.cheap, ...baseline });
  }

  /** The places that are looked at. */
  get boxes(): readonly Box[] {
    return this.places.boxes;
  }

  /** Goes on from a state of a source of this size. */
  restore({ frames, regions, fullFrame, cheap }: AnomalyScorerState): void {
    const learned = regions.means.length;
    if (learned !== this.boxes.length)
      throw otherSize('baseline', pluralize(this.boxes.length, 'place'), pluralize(learned, 'place'));
    this.frames = frames;
    this.cheap = [...cheap];
    this.usualOf.places.restore(regions);
    this.usualOf.whole.restore(fullFrame);
  }

  /** The next frame, which is then part of what the source has shown. @param bits of each pixel, height x width */
  add(bits: Float64Array): FrameDeviation {
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

  toJSON(): AnomalyScorerState {
    const { places, whole } = this.usualOf;
    return { frames: this.frames, regions: places.toJSON(), fullFrame: whole.toJSON(), cheap: [...this.cheap] };
  }

  private costsOf(bits: Float64Array): Float64Array {
    const { width, height } = this.size;
    if (bits.length !== width * height)
      throw otherSize('frame', `${width}x${height} pixels, as the frames before`, `${bits.length} in all`);
    return this.places.regionMeans(bits).map(octaves);
  }

  private deviationOf(bits: Float64Array): FrameDeviation {
    const regionZScores = this.usualOf.places.zScores(this.costsOf(bits));
    if (this.frames < Math.min(this.last, this.least))
      return { zScore: 0, box: this.whole, regionZScores: regionZScores.fill(0) };
    this.cheap.shift();
    this.cheap.push(...this.usualOf.whole.zScores([cheapness(bits)]));
    let [zScore, box] = [Math.max(0, Math.min(...this.cheap)), this.whole];
    for (const [place, regionZScore] of regionZScores.entries())
      if (regionZScore > zScore) [zScore, box] = [regionZScore, this.boxes[place]];
    return { zScore, box, regionZScores };
  }
}

function otherSize(argument: string, expected: string, received: string): Error {
  return errorFactory('INPUT', 'find surprise')(argument, expected, received, 'bring all frames to one size');
}

const octaves = (bits: number) => Math.log2(bits + FEW_BITS);

/** How little a whole frame costs. */
function cheapness(bits: Float64Array): number {
  return -octaves(bits.reduce((sum, value) => sum + value, 0) / bits.length);
}
