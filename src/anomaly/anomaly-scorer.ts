import type { Box, Size } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { computeZScores, emptyStatistics, learnObservation, type BaselineStatistics } from './baseline-statistics.js';
import { BlockMaxima, type BlockMaximaState } from './block-maxima.js';
import {
  DEVIATION_KINDS,
  highestZScores,
  includeSecond,
  NO_DEVIATIONS,
  Z_SCORE_KINDS,
  type Deviations,
  type FrameDeviations,
  type ZScores,
} from './frame-deviations.js';
import { FrameRegions } from './frame-regions.js';
import {
  computeMeanCosts,
  COST_KINDS,
  sizeError,
  type CostedFrame,
  type CostKind,
  type MeanCosts,
} from './mean-costs.js';

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

/** Baseline of a source, as `fitBaseline` and `AnomalyScorer.baseline` return it. */
export interface Baseline {
  /** Number of frames that the baseline was fitted to. */
  frames: number;
  /** Statistics of each cost. @internal */
  statistics: Record<CostKind, BaselineStatistics>;
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
  cheap: readonly number[];
  /** Deviations of the last frames, of half a second or more. */
  deviations: readonly FrameDeviations[];
}

/**
 * Maximum number of maxima of each kind that are taken for anomalies. For bits and for full frames the number is low:
 * key frames of a compressed clip deviate there again and again, and are no anomalies.
 */
const OUTLIERS: Record<keyof Deviations, number> = { difference: 5, bits: 1, fullFrame: 1, second: 5 };

/** Anomaly score of a frame of a source. */
export interface FrameAnomalyScore<Item> {
  /** Frame, as given. */
  item: Item;
  /** Anomaly score: log10(1 + s), where deviations as high occur every s seconds if nothing happens; at most 9. */
  score: number;
  /** Region with the highest z-score of the kind that scores highest; the full frame if its z-score does. */
  box: Box;
  /** Higher z-score of each region, of its bits or of its difference, in the order of `AnomalyScorer.boxes`. */
  regionZScores: readonly number[];
  /** State to resume from after this frame. */
  state: AnomalyScorerState;
}

/** Part of the state that is ahead of the scores: what was learned from the costs of the frames so far. */
type CostState = Omit<AnomalyScorerState, 'maxima' | 'deviations'>;

/** Frame whose score waits for the half second of frames after it. */
interface WaitingFrame<Item> {
  item: Item;
  zScores: ZScores;
  /** False if the frame scores 0. */
  isScored: boolean;
  /** True if the block maxima learn the frame's deviations. */
  isLearned: boolean;
  /** State of costs after the frame. */
  costState: CostState;
}

/** Frame that is held until the running baseline is fitted. */
interface HeldFrame<Item> {
  item: Item;
  hasContext: boolean;
}

/**
 * Scorer of the frames of a source for anomalies. Each region of a frame has two z-scores: of its bits, and of its
 * difference from the expected frame. The two are kept apart since noise costs bits everywhere, which would hide a
 * difference. The full frame has a z-score too. The anomaly score is log10(1 + s), where deviations as high occur every
 * s seconds if nothing happens (see `BlockMaxima`). The highest score of all kinds of deviation counts.
 *
 * A frame passes three stages. A running baseline first holds the frames at the start of the source. Then the frame's
 * costs are compared with the statistics, which learn the costs. Half a second later its deviations are scored by the
 * block maxima, which learn the deviations. Every state is a value: a stage replaces it and never changes it.
 */
export class AnomalyScorer<Item extends CostedFrame> {
  private readonly regions: FrameRegions;
  /** Number of frames with a cost that the baseline is fitted to. */
  private readonly last: number;
  private readonly isRecorded: boolean;
  /** Maximum weight of the past in statistics, in frames. */
  private readonly memory: number;

  /** First frames of a source, until the running baseline is fitted to these; null: fitted. */
  private held: readonly HeldFrame<Item>[] | null;
  /** State of costs after the last compared frame. */
  private costState: CostState;
  /** Compared frames that are not scored yet. */
  private waiting: readonly WaitingFrame<Item>[] = [];
  /** Deviations of the waiting frames, and of the half second or more before these. */
  private deviations: readonly FrameDeviations[];
  /** Block maxima of the deviations of the scored frames. */
  private maxima: Record<keyof Deviations, BlockMaxima>;

  /**
   * @param size size of the frames, in pixels
   * @param frameRate frames per second
   * @param state state to resume from
   * @throws PxvError `INPUT` if the baseline or the state has another number of regions
   */
  constructor(
    size: Size,
    private readonly frameRate: number,
    { baseline, baselineFrames, isRecorded = false }: BaselineOptions = {},
    state?: AnomalyScorerState,
  ) {
    const isRunning = baseline === undefined && baselineFrames === undefined;
    this.regions = new FrameRegions(size);
    this.isRecorded = isRecorded;
    // The first frame has no context frames, thus no cost.
    this.last = baseline !== undefined ? 0 : (baselineFrames ?? Infinity) - 1;
    this.memory = isRunning ? this.inFrames(MEMORY) : Infinity;
    this.held = isRunning && state === undefined ? [] : null;
    const fitted = state ?? baseline;
    const regions = this.boxes.length;
    const received = fitted?.statistics.regionBits.means.length ?? regions;
    if (received !== regions) throw sizeError('baseline', pluralize(regions, 'region'), pluralize(received, 'region'));
    // The full frame's variance is its own prior, whatever the weight.
    const lengths = { regionBits: regions, regionDifferences: regions, fullFrame: 1, bits: 1 };
    const notCheap = new Array<number>(this.inFrames(FROZEN)).fill(0);
    this.costState = {
      frames: fitted?.frames ?? 0,
      statistics: fitted?.statistics ?? record(COST_KINDS, (cost) => emptyStatistics(lengths[cost])),
      ahead: state?.ahead ?? 0,
      cheap: state?.cheap ?? notCheap,
    };
    this.deviations = state?.deviations ?? [];
    this.maxima = record(DEVIATION_KINDS, (kind) => new BlockMaxima(frameRate, OUTLIERS[kind], fitted?.maxima[kind]));
  }

  /** Regions of a frame, in pixels. */
  get boxes(): readonly Box[] {
    return this.regions.boxes;
  }

  /** Baseline so far. */
  get baseline(): Baseline {
    const { frames, statistics } = this.costState;
    return { frames, statistics, maxima: record(DEVIATION_KINDS, (kind) => this.maxima[kind].state) };
  }

  /**
   * Adds the next frame. Returns the frames whose scores are now complete, in order. A score is complete once the
   * frames of the half second after its frame were added. A running baseline first holds the frames of 20 seconds of a
   * recorded source, fewer if frames are large, or of 2 seconds of a live one.
   *
   * @param hasContext false if context frames are missing; the frame then scores 0 and is not learned. Default: true
   * @throws PxvError `INPUT` if the frame has another size
   */
  add(item: Item, hasContext = true): FrameAnomalyScore<Item>[] {
    if (this.held === null) return this.compare({ item, hasContext });
    this.held = [...this.held, { item, hasContext }];
    const wanted = this.inFrames(HELD[this.isRecorded ? 'recorded' : 'live']);
    const most = Math.min(wanted, MAX_HELD_PIXELS / item.map.length);
    return this.held.length < most ? [] : this.fitHeld(this.held);
  }

  /**
   * Ends the source. Returns the remaining frames with their scores.
   * @throws PxvError `INPUT` if a held frame has another size than the first
   */
  end(): FrameAnomalyScore<Item>[] {
    const scored = this.held === null ? [] : this.fitHeld(this.held);
    while (this.waiting.length > 0) scored.push(this.scoreNext());
    return scored;
  }

  /** Fits the baseline to the held frames, then compares these with it. */
  private fitHeld(held: readonly HeldFrame<Item>[]): FrameAnomalyScore<Item>[] {
    this.held = null;
    const means = held.filter(({ hasContext }) => hasContext).map(({ item }) => computeMeanCosts(this.regions, item));
    const statistics = means.reduce((before, each) => this.learn(before, each), this.costState.statistics);
    let { cheap } = this.costState;
    const deviations = means.map((each) => {
      const zScores = this.zScores(statistics, each);
      cheap = withCheapness(cheap, zScores);
      return highestZScores(zScores, cheap);
    });
    for (const at of deviations.keys()) this.learnMaxima(includeSecond(deviations, at, this.inFrames(AROUND)));
    this.costState = { ...this.costState, frames: held.length, statistics, ahead: held.length };
    return held.flatMap((each) => this.compare(each));
  }

  /** Compares a frame with the statistics. Scores the first waiting frame if its half second is complete. */
  private compare({ item, hasContext }: HeldFrame<Item>): FrameAnomalyScore<Item>[] {
    const means = computeMeanCosts(this.regions, item);
    const { frames, statistics, ahead, cheap: before } = this.costState;
    const isKnown = ahead > 0;
    const isNew = hasContext && !isKnown && frames < this.last;
    const zScores = this.zScores(statistics, means);
    const cheap = withCheapness(before, zScores);
    this.costState = {
      frames: !isKnown && frames < this.last ? frames + 1 : frames,
      statistics: isNew ? this.learn(statistics, means) : statistics,
      ahead: isKnown ? ahead - 1 : 0,
      cheap,
    };
    const hasBaseline = isKnown ? this.isRecorded : frames >= Math.min(this.last, this.inFrames(HELD.live));
    const hasZScores = frames >= Math.min(this.last / 2, this.inFrames(LEAST_LEARNED));
    const stages = { isScored: hasContext && hasBaseline, isLearned: isNew && hasZScores };
    this.deviations = [...this.deviations, hasContext ? highestZScores(zScores, cheap) : NO_DEVIATIONS];
    this.waiting = [...this.waiting, { item, zScores, ...stages, costState: this.costState }];
    return this.waiting.length > this.inFrames(AROUND) ? [this.scoreNext()] : [];
  }

  /** Scores the first waiting frame. */
  private scoreNext(): FrameAnomalyScore<Item> {
    const [{ item, zScores, isScored, isLearned, costState }, ...waiting] = this.waiting;
    this.waiting = waiting;
    const half = this.inFrames(AROUND);
    const at = this.deviations.length - waiting.length - 1;
    const deviations = includeSecond(this.deviations, at, half);
    const scores = record(DEVIATION_KINDS, (kind) => (isScored ? this.maxima[kind].score(deviations[kind]) : 0));
    if (isLearned) this.learnMaxima(deviations);
    const from = Math.max(0, Math.min(at + 1 - half, this.deviations.length - 2 * half - 1));
    const before = this.deviations.slice(from, at + 1);
    this.deviations = this.deviations.slice(from);
    const highest = Z_SCORE_KINDS.reduce((best, kind) => (scores[kind] > scores[best] ? kind : best));
    return {
      item,
      score: Math.min(MAX_SCORE, Math.max(...Object.values(scores))),
      box: this.boxOf(highest, zScores),
      regionZScores: zScores.regionBits.map((zScore, region) => Math.max(zScore, zScores.regionDifferences[region])),
      state: { ...costState, maxima: this.baseline.maxima, deviations: before },
    };
  }

  /** Returns the region with the highest z-score of a kind. */
  private boxOf(kind: keyof FrameDeviations, zScores: ZScores): Box {
    const { width, height } = this.regions.size;
    if (kind === 'fullFrame') return { x: 0, y: 0, width, height };
    const ofRegions = kind === 'bits' ? zScores.regionBits : zScores.regionDifferences;
    return this.boxes[ofRegions.indexOf(Math.max(...ofRegions))];
  }

  private zScores(statistics: Baseline['statistics'], costs: MeanCosts): ZScores {
    return record(COST_KINDS, (cost) => computeZScores(statistics[cost], costs[cost], this.inFrames(PRIOR)));
  }

  private learn(statistics: Baseline['statistics'], costs: MeanCosts): Baseline['statistics'] {
    return record(COST_KINDS, (cost) =>
      learnObservation(statistics[cost], costs[cost], this.inFrames(PRIOR), this.memory),
    );
  }

  private learnMaxima(deviations: Deviations): void {
    this.maxima = record(DEVIATION_KINDS, (kind) => this.maxima[kind].learn(deviations[kind]));
  }

  private inFrames(seconds: number): number {
    return Math.max(1, Math.round(seconds * this.frameRate));
  }
}

/** Returns `cheap` without its first value and with the full frame's z-score of bits, negated, at its end. */
function withCheapness(cheap: readonly number[], { bits }: ZScores): number[] {
  return [...cheap.slice(1), -bits[0]];
}

function record<Key extends string, Value>(keys: readonly Key[], make: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Value>;
}
