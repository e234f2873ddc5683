import { errorFactory } from '../foundation/errors.js';
import type { Box, Frame, Size } from '../foundation/frame.js';
import { median } from '../foundation/median.js';
import { pluralize } from '../foundation/pluralize.js';
import { FrameRegions } from './frame-regions.js';
import { BaselineStatistics, type BaselineStatisticsState } from './baseline-statistics.js';
import { BlockMaxima, type BlockMaximaState } from './block-maxima.js';

/**
 * Maximum bits of a pixel that count: a few pixels alone, such as the edge of what moves, then make no anomaly. As much
 * is a pixel's difference from the expected frame if one is black and the other white.
 */
const MAX_BITS = 16;
/** Seconds that running statistics remember. */
const MEMORY = 20;
/** Seconds at the start of a source whose frames are held, to have all of these as their baseline. */
const HELD = { recorded: 20, live: 2 };
/** Maximum number of pixels in the held frames of a source: about 120 MB. */
const MAX_HELD_PIXELS = 2 ** 23;
/** Minimum seconds of a fitted baseline before its z-scores are learned. */
const LEAST_LEARNED = 0.5;
/** Weight, in seconds, of the mean variance of all regions as the prior of each region's variance. */
const PRIOR = 64;
/** Seconds before and after a frame whose median deviation is scored: half of a second. */
const AROUND = 0.5;
/** Maximum score: once in 30 years. */
const MAX_SCORE = 9;
/** Minimum seconds of cheap frames that count as frozen: compression makes single frames cheap. */
const FROZEN = 0.2;

/**
 * Options for the baseline that the frames of a source are compared with. Default: a running baseline, in which frames
 * count less with their age, over about 20 seconds.
 */
export interface BaselineOptions {
  /** Fixed baseline, as `fitBaseline` returns it. */
  baseline?: Baseline | undefined;
  /**
   * Number of first frames that the baseline is fitted to, 2 or more. `scoreAnomalies` does not yield these frames.
   */
  baselineFrames?: number | undefined;
  /**
   * True for a recorded source, whose scores may be late. With a running baseline, the frames of the first 20 seconds,
   * fewer if frames are large, are then scored against a baseline of all of these frames. Default: false. Then the
   * baseline is of earlier frames alone, a score comes half a second after its frame, and the first 2 seconds score 0.
   */
  isRecorded?: boolean | undefined;
}

/** Frame whose pixels have costs, as `frameCosts` yields it. */
export interface CostedFrame {
  /** Bits of each pixel, height x width. */
  map: Float64Array;
  /** Pixels of the frame; required if `expected` is given. */
  frame?: Frame | undefined;
  /** Expected frame. If there is none, bits serve in place of the difference from the expected frame. */
  expected?: Frame | null | undefined;
}

/** Baseline of a source, as `fitBaseline` and `AnomalyScorer.baseline` return it. */
export interface Baseline {
  /** Number of frames that the baseline was fitted to. */
  frames: number;
  /** Statistics of each cost. @internal */
  statistics: Record<keyof Costs, BaselineStatisticsState>;
  /** Maxima of each kind of deviation. @internal */
  maxima: Record<keyof Deviations, BlockMaximaState>;
}

/** State of an `AnomalyScorer` after a frame, as JSON holds it. */
export interface AnomalyScorerState extends Baseline {
  /** Number of later frames that the baseline is already fitted to. */
  ahead: number;
  /**
   * Z-scores of the bits of the full frames of the last 0.2 seconds, negated: positive if a frame is cheaper than the
   * baseline.
   */
  cheap: number[];
  /** Deviations of the last frames, of half a second or more. */
  deviations: FrameDeviations[];
}

/** Kinds of z-score: of regions' differences, of regions' bits, and of the full frame, high for frozen frames too. */
const Z_SCORES = ['difference', 'bits', 'fullFrame'] as const;
/** Kinds of deviation: z-scores, and the median of the highest of a frame over the second around the frame. */
const DEVIATIONS = [...Z_SCORES, 'second'] as const;

/** Highest z-score of each kind of a frame, at least 0. */
type FrameDeviations = Record<(typeof Z_SCORES)[number], number>;

/** Deviations of a frame from the baseline. */
type Deviations = Record<(typeof DEVIATIONS)[number], number>;

/**
 * Maximum number of maxima of each kind that are taken for anomalies. For bits and for full frames the number is low:
 * key frames of a compressed clip deviate there again and again, and are no anomalies.
 */
const OUTLIERS: Record<keyof Deviations, number> = { difference: 5, bits: 1, fullFrame: 1, second: 5 };

/** Scored frame of a source. */
export interface ScoredFrame<Item> {
  /** Frame, as given. */
  item: Item;
  /** Anomaly score: log10(1 + s), where deviations as high occur every s seconds if nothing happens; at most 9. */
  score: number;
  /** Region with the highest z-score of the kind that scores highest; the full frame if its z-score does. */
  box: Box;
  /** Higher z-score of each region, of its bits or of its difference, in the order of `AnomalyScorer.boxes`. */
  regionZScores: Float64Array;
  /** Returns the state to resume from after this frame. Call `state` before the next frame is added. */
  state: () => AnomalyScorerState;
}

/** Frame whose score waits for the half second of frames after it. */
interface WaitingFrame<Item> extends Omit<ScoredFrame<Item>, 'score' | 'box' | 'state'> {
  boxes: Record<keyof FrameDeviations, Box>;
  isScored: boolean;
  isLearned: boolean;
  state: Omit<AnomalyScorerState, 'maxima' | 'deviations'>;
}

/**
 * Scorer of the frames of a source for anomalies. Each region of a frame has two z-scores: of its bits, and of its
 * difference from the expected frame. The two are kept apart since noise costs bits everywhere, which would hide a
 * difference. The full frame has a z-score too. The anomaly score is log10(1 + s), where deviations as high occur every
 * s seconds if nothing happens (see `BlockMaxima`). The highest score of all kinds of deviation counts.
 *
 * A region below its baseline is no anomaly, since something may only have stopped moving. Full frames far below their
 * baseline are an anomaly: the source is frozen.
 */
export class AnomalyScorer<Item extends CostedFrame> {
  private readonly regions: FrameRegions;
  private readonly fullFrame: Box;
  private readonly statistics: Record<keyof Costs, BaselineStatistics>;
  private maxima: Record<keyof Deviations, BlockMaxima>;
  /** First frames of a source, until the running baseline is fitted to these; null: fitted. */
  private held: { item: Item; hasContext: boolean }[] | null;
  private waiting: WaitingFrame<Item>[] = [];
  /** Deviations of the waiting frames, and of the half second before these. */
  private deviations: FrameDeviations[] = [];
  private frames = 0;
  private ahead = 0;
  private cheap: number[];
  /** Number of frames with a cost that the baseline is fitted to. */
  private readonly last: number;
  private readonly isRecorded: boolean;

  /**
   * @param size size of the frames, in pixels
   * @param frameRate frames per second
   * @param state state to resume from
   * @throws PxvError `INPUT` if the baseline or the state has another number of regions
   */
  constructor(
    private readonly size: Size,
    private readonly frameRate: number,
    { baseline, baselineFrames, isRecorded = false }: BaselineOptions = {},
    state?: AnomalyScorerState,
  ) {
    this.isRecorded = isRecorded;
    const isRunning = baseline === undefined && baselineFrames === undefined;
    // The first frame has no context frames, thus no cost.
    this.last = baseline !== undefined ? 0 : (baselineFrames ?? Infinity) - 1;
    this.regions = new FrameRegions(size);
    this.fullFrame = { x: 0, y: 0, width: size.width, height: size.height };
    const memory = isRunning ? this.inFrames(MEMORY) : Infinity;
    this.statistics = record(COSTS, (cost) => {
      // The full frame's variance is its own prior, whatever the weight.
      const length = cost.startsWith('region') ? this.boxes.length : 1;
      return new BaselineStatistics(length, this.inFrames(PRIOR), memory);
    });
    this.maxima = record(DEVIATIONS, (kind) => new BlockMaxima(frameRate, OUTLIERS[kind]));
    this.cheap = new Array<number>(this.inFrames(FROZEN)).fill(0);
    this.held = isRunning && state === undefined ? [] : null;
    if (baseline !== undefined) this.restore(baseline);
    if (state === undefined) return;
    this.restore(state);
    ({ ahead: this.ahead, cheap: this.cheap, deviations: this.deviations } = structuredClone(state));
  }

  /** Regions of a frame, in pixels. */
  get boxes(): readonly Box[] {
    return this.regions.boxes;
  }

  /** Baseline so far. */
  get baseline(): Baseline {
    return { ...this.fitted, maxima: record(DEVIATIONS, (kind) => this.maxima[kind].toJSON()) };
  }

  /**
   * Adds the next frame. Returns the frames whose scores are now complete, in order. A score is complete once the
   * frames of the half second after its frame were added. A running baseline first holds the frames of 20 seconds of a
   * recorded source, fewer if frames are large, or of 2 seconds of a live one.
   *
   * @param hasContext false if context frames are missing; the frame then scores 0 and is not learned. Default: true
   * @throws PxvError `INPUT` if the frame has another size
   */
  add(item: Item, hasContext = true): ScoredFrame<Item>[] {
    if (this.held !== null) {
      this.held.push({ item, hasContext });
      const wanted = this.inFrames(HELD[this.isRecorded ? 'recorded' : 'live']);
      const most = Math.min(wanted, MAX_HELD_PIXELS / item.map.length);
      return this.held.length < most ? [] : this.fitHeld();
    }
    const costs = this.costsOf(item);
    const isKnown = this.ahead > 0;
    const isScored =
      hasContext && (isKnown ? this.isRecorded : this.frames >= Math.min(this.last, this.inFrames(HELD.live)));
    const isNew = hasContext && !isKnown && this.frames < this.last;
    const isLearned = isNew && this.frames >= Math.min(this.last / 2, this.inFrames(LEAST_LEARNED));
    const { deviations, ...found } = this.deviationsOf(costs);
    if (isNew) this.learn(costs);
    if (isKnown) this.ahead--;
    else if (this.frames < this.last) this.frames++;
    this.deviations.push(hasContext ? deviations : record(Z_SCORES, () => 0));
    const state = { ...this.fitted, ahead: this.ahead, cheap: [...this.cheap] };
    this.waiting.push({ item, ...found, isScored, isLearned, state });
    return this.waiting.length > this.inFrames(AROUND) ? [this.next()] : [];
  }

  /**
   * Ends the source. Returns the remaining frames with their scores.
   * @throws PxvError `INPUT` if a held frame has another size than the first
   */
  end(): ScoredFrame<Item>[] {
    const scored = this.held === null ? [] : this.fitHeld();
    while (this.waiting.length > 0) {
      const frame = this.next();
      // The frames after it are scored before the caller asks for its state.
      const state = frame.state();
      scored.push({ ...frame, state: () => state });
    }
    return scored;
  }

  /** Fits the baseline to the held frames, then adds these. */
  private fitHeld(): ScoredFrame<Item>[] {
    const held = this.held!;
    this.held = null;
    const costs = held.filter(({ hasContext }) => hasContext).map(({ item }) => this.costsOf(item));
    for (const each of costs) this.learn(each);
    const deviations = costs.map((each) => this.deviationsOf(each).deviations);
    for (const at of deviations.keys()) this.learnMaxima(this.withSecond(deviations, at));
    this.cheap.fill(0);
    this.frames = this.ahead = held.length;
    return held.flatMap(({ item, hasContext }) => this.add(item, hasContext));
  }

  /** Scores the first waiting frame. */
  private next(): ScoredFrame<Item> {
    const { item, boxes, regionZScores, isScored, isLearned, state } = this.waiting.shift()!;
    const at = this.deviations.length - this.waiting.length - 1;
    const deviations = this.withSecond(this.deviations, at);
    const scores = record(DEVIATIONS, (kind) => (isScored ? this.maxima[kind].score(deviations[kind]) : 0));
    if (isLearned) this.learnMaxima(deviations);
    const half = this.inFrames(AROUND);
    const from = Math.max(0, Math.min(at + 1 - half, this.deviations.length - 2 * half - 1));
    const before = this.deviations.slice(from, at + 1);
    this.deviations = this.deviations.slice(from);
    return {
      item,
      score: Math.min(MAX_SCORE, Math.max(...Object.values(scores))),
      box: boxes[Z_SCORES.reduce((best, kind) => (scores[kind] > scores[best] ? kind : best))],
      regionZScores,
      state: () => ({ ...state, maxima: this.baseline.maxima, deviations: before }),
    };
  }

  private inFrames(seconds: number): number {
    return Math.max(1, Math.round(seconds * this.frameRate));
  }

  private get fitted(): Omit<Baseline, 'maxima'> {
    return { frames: this.frames, statistics: record(COSTS, (cost) => this.statistics[cost].toJSON()) };
  }

  private restore({ frames, statistics, maxima }: Baseline): void {
    const [expected, received] = [this.boxes.length, statistics.regionBits.means.length];
    if (received !== expected)
      throw otherSize('baseline', pluralize(expected, 'region'), pluralize(received, 'region'));
    this.frames = frames;
    for (const cost of COSTS) this.statistics[cost].restore(statistics[cost]);
    this.maxima = record(DEVIATIONS, (kind) => new BlockMaxima(this.frameRate, OUTLIERS[kind], maxima[kind]));
  }

  private costsOf({ map, frame, expected }: CostedFrame): Costs {
    const { width, height } = this.size;
    if (map.length !== width * height)
      throw otherSize('frame', `${width}x${height} pixels, as the frames before`, `${map.length} in all`);
    const bits = map.map((value) => Math.min(value, MAX_BITS));
    const differences = frame && expected ? pixelDifferences(frame, expected) : bits;
    return {
      regionBits: this.regions.regionMeans(bits),
      // A flat surface that appears costs bits at its edge alone, as its pixels tell each other. Differences count all.
      regionDifferences: this.regions.regionMeans(differences),
      fullFrame: [mean(differences)],
      bits: [mean(bits)],
    };
  }

  private learn(costs: Costs): void {
    for (const cost of COSTS) this.statistics[cost].learn(costs[cost]);
  }

  private learnMaxima(deviations: Deviations): void {
    for (const kind of DEVIATIONS) this.maxima[kind].learn(deviations[kind]);
  }

  private withSecond(all: readonly FrameDeviations[], at: number): Deviations {
    const half = this.inFrames(AROUND);
    // At the end of a source, the last full second: a few frames alone would be its median.
    const around = all.slice(Math.max(0, Math.min(at - half, all.length - 2 * half - 1)), at + half + 1);
    return { ...all[at], second: median(around.map((each) => Math.max(...Object.values(each)))) };
  }

  private deviationsOf(costs: Costs) {
    const { regionBits, regionDifferences, fullFrame, bits } = record(COSTS, (cost) =>
      this.statistics[cost].zScores(costs[cost]),
    );
    this.cheap = [...this.cheap.slice(1), -bits[0]];
    const deviations = {
      difference: Math.max(0, ...regionDifferences),
      bits: Math.max(0, ...regionBits),
      fullFrame: Math.max(0, fullFrame[0], Math.min(...this.cheap)),
    };
    const boxOf = (each: Float64Array) => this.boxes[each.indexOf(Math.max(...each))];
    const boxes = { difference: boxOf(regionDifferences), bits: boxOf(regionBits), fullFrame: this.fullFrame };
    const regionZScores = regionBits.map((zScore, at) => Math.max(zScore, regionDifferences[at]));
    return { deviations, boxes, regionZScores };
  }
}

/** Costs of a frame: means over pixels of their bits, or of their differences from the expected frame. */
type Costs = Record<(typeof COSTS)[number], ArrayLike<number>>;

/** Kinds of cost: bits and differences of each region, then differences and bits of all pixels, arrays of length 1. */
const COSTS = ['regionBits', 'regionDifferences', 'fullFrame', 'bits'] as const;

function record<Key extends string, Value>(keys: readonly Key[], make: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Value>;
}

/** Returns the mean absolute difference of each pixel, height x width, scaled from 0..255 to 0..`MAX_BITS`. */
function pixelDifferences({ data, channels }: Frame, expected: Frame): Float64Array {
  const differences = new Float64Array(data.length / channels);
  for (const [at, level] of data.entries())
    differences[Math.floor(at / channels)] += Math.abs(level - expected.data[at]);
  return differences.map((sum) => (MAX_BITS * sum) / (255 * channels));
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function otherSize(argument: string, expected: string, received: string): Error {
  return errorFactory('INPUT', 'find anomalies')(argument, expected, received, 'resize all frames to one size');
}
