import { errorFactory } from '../foundation/errors.js';
import type { Box, Size } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { FrameRegions } from './frame-regions.js';
import { BaselineStatistics, type BaselineStatisticsState } from './baseline-statistics.js';

/** Bits added to a cost before the logarithm: in static regions, compression makes small costs fluctuate. */
const FEW_BITS = 1;
/**
 * Seconds that the running baseline remembers, minimum seconds before the first z-score, and weight in seconds of the
 * prior variance.
 */
const MEMORY = 20;
const LEAST = 2;
const PRIOR = 2;
/** Minimum seconds of cheap frames that count as frozen: compression makes single frames cheap. */
const FROZEN = 0.2;

/** Options for the baseline of a source. Default: a running baseline over the last 20 seconds. */
export interface BaselineOptions {
  /** Fixed baseline, as `fitBaseline` returns it. */
  baseline?: Baseline | undefined;
  /** Number of first frames that the baseline is fitted to, 2 or more. No scores are returned for these frames. */
  baselineFrames?: number | undefined;
}

/** Z-scores of a single frame, before smoothing over time. */
export interface FrameDeviation {
  /** Highest z-score of the frame's regions, at least 0; 0 until a running baseline has 2 seconds of frames. */
  zScore: number;
  /** Region with the highest z-score; the full frame if the frame is frozen. */
  box: Box;
  /** Z-score of each region, in the order of `AnomalyScorer.boxes`. */
  regionZScores: Float64Array;
}

/** Baseline statistics of a source, as `fitBaseline` and `AnomalyScorer.toJSON` return them. */
export interface Baseline {
  /** Number of frames that the baseline was fitted to. */
  frames: number;
  /** Statistics of each region's cost, in octaves: log2(bits per pixel + 1). @internal */
  regions: BaselineStatisticsState;
  /** Statistics of the full frame's cost in octaves, negated: frozen frames score high. @internal */
  fullFrame: BaselineStatisticsState;
}

/** State of an `AnomalyScorer` as JSON holds it, for `restore`. */
export interface AnomalyScorerState extends Baseline {
  /** Z-scores of the last 0.2 seconds of full frames; positive if a frame is cheaper than the baseline. */
  cheap: number[];
}

/**
 * Scorer of the frames of a source: z-scores of each region's cost in bits against the region's baseline. Costs are in
 * octaves, as costs vary by factors; few values are then outliers.
 *
 * A region cheaper than its baseline is no anomaly, as when nobody walks there for once. Cheap full frames are an
 * anomaly: the source is frozen.
 */
export class AnomalyScorer {
  private readonly places: FrameRegions;
  private readonly whole: Box;
  private readonly usualOf: { places: BaselineStatistics; whole: BaselineStatistics };
  private readonly least: number;
  private frames = 0;
  private cheap: number[];
  /** Number of frames with a cost that the baseline is fitted to. */
  private readonly last: number;

  /**
   * @param frameRate frames per second
   * @throws PxvError `INPUT` if `baseline` was fitted to frames of another size
   */
  constructor(
    private readonly size: Size,
    frameRate: number,
    { baseline, baselineFrames }: BaselineOptions = {},
  ) {
    const forgets = baseline === undefined && baselineFrames === undefined;
    // The first frame has no context frames, thus no cost.
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

  /** Regions of a frame, in pixels. */
  get boxes(): readonly Box[] {
    return this.places.boxes;
  }

  /**
   * Restores a state of a source of the same frame size.
   * @throws PxvError `INPUT` if the state has another number of regions
   */
  restore({ frames, regions, fullFrame, cheap }: AnomalyScorerState): void {
    const learned = regions.means.length;
    if (learned !== this.boxes.length)
      throw otherSize('baseline', pluralize(this.boxes.length, 'place'), pluralize(learned, 'place'));
    this.frames = frames;
    this.cheap = [...cheap];
    this.usualOf.places.restore(regions);
    this.usualOf.whole.restore(fullFrame);
  }

  /**
   * Computes the z-scores of the next frame, then learns the frame unless the baseline is fixed.
   *
   * @param bits bits of each pixel, height x width
   * @throws PxvError `INPUT` if the frame has another size
   */
  add(bits: Float64Array): FrameDeviation {
    const found = this.deviationOf(bits);
    if (this.frames < this.last) this.learn(bits);
    return found;
  }

  /** Adds a frame to the baseline. @param bits bits of each pixel, height x width */
  learn(bits: Float64Array): void {
    this.frames++;
    this.usualOf.places.learn(this.costsOf(bits));
    this.usualOf.whole.learn([cheapness(bits)]);
  }

  /** Returns the state for `restore`, as JSON holds it. */
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
    let zScore = Math.max(0, Math.min(...this.cheap));
    let box = this.whole;
    for (const [place, regionZScore] of regionZScores.entries())
      if (regionZScore > zScore) [zScore, box] = [regionZScore, this.boxes[place]];
    return { zScore, box, regionZScores };
  }
}

function otherSize(argument: string, expected: string, received: string): Error {
  return errorFactory('INPUT', 'find surprise')(argument, expected, received, 'bring all frames to one size');
}

const octaves = (bits: number) => Math.log2(bits + FEW_BITS);

/** Returns the negated cost of a full frame, in octaves. */
function cheapness(bits: Float64Array): number {
  return -octaves(bits.reduce((sum, value) => sum + value, 0) / bits.length);
}
