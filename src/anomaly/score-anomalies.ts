import { tf } from '../foundation/tfjs.js';
import { scoreFrames } from '../evaluation/frame-likelihoods.js';
import { bitsPerPixel } from '../evaluation/scoring.js';
import { errorFactory } from '../foundation/errors.js';
import type { Box, Frame, IndexedFrame } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { levelsToBytes, quantizeFrames, type ImageShape } from '../foundation/levels.js';
import { resizeModel } from '../model/resize-model.js';
import { countSubPixels } from '../model/chain.js';
import { expectsFrame } from '../model/description.js';
import { toTensors, type Model } from '../model/model.js';
import type { ProcessGroup } from '../distributed/process-group.js';
import { EventDetector, type AnomalyEvent, type EventDetectorState } from './event-detector.js';
import {
  AnomalyScorer,
  type AnomalyScorerState,
  type Baseline,
  type BaselineOptions,
  type ScoredFrame,
} from './anomaly-scorer.js';

/** Frame of a source with its exact cost: -log2 of its likelihood, given the context frames. */
export interface FrameCost {
  /** 0-based index in the source; at least 1, as the first frame has no context frames. */
  index: number;
  /** Number of frames of the source that directly precede the frame: `index`, unless frames are missing. */
  preceding: number;
  /** Frame, quantized to the model's levels. */
  frame: Frame;
  /** Expected frame, predicted from the context frames; null if the model predicts none. */
  expected: Frame | null;
  /** Cost of the frame, in bits/dim. */
  bits: number;
  /** Bits of each pixel, summed over channels, height x width. */
  map: Float64Array;
}

/** Frame with its cost and its anomaly score. */
export interface AnomalyScore extends FrameCost {
  /**
   * Anomaly score: log10(1 + s), where frames as unexpected occur every s seconds if nothing happens. A score of 1
   * means s = 9, 3 a quarter of an hour, 5 a day.
   */
  score: number;
  /**
   * Region, in pixels, with the highest z-score of bits or of differences, whichever of both scores higher; the full
   * frame if its z-score scores highest.
   */
  box: Box;
  /** Events so far, highest score first. The latest may go on. */
  events: readonly AnomalyEvent[];
  /** Events that ended since the frame before; with the source's last frame, also the event that was going on. */
  ended: readonly AnomalyEvent[];
  /** Returns the state to resume from after this frame. Call `state` before the next frame is requested. */
  state: () => AnomalyState;
}

/** State of `scoreAnomalies` after a frame, as JSON holds it, for `AnomalyOptions.from`. */
export interface AnomalyState {
  /** Index of the last frame that was yielded. */
  index: number;
  /** State of the scorer. @internal */
  scorer: AnomalyScorerState;
  /** State of the event detector. @internal */
  events: EventDetectorState;
}

/** Frames in order, as they come. @inline */
type FrameSequence = AsyncIterable<Frame | IndexedFrame> | Iterable<Frame | IndexedFrame>;

/** Options for `scoreAnomalies`, `fitBaseline` and `frameCosts`. */
export interface AnomalyOptions extends BaselineOptions {
  /** Frames per second. Default: 25. */
  frameRate?: number | undefined;
  /** Minimum anomaly score of an event's peak. Default: 1.5. */
  threshold?: number | undefined;
  /** Batch size: number of frames computed at once. Larger batches add latency; scores do not change. Default: 1. */
  batch?: number | undefined;
  /** State to resume from: frames up to `from.index` are read but not scored. */
  from?: AnomalyState | undefined;
  /** Process group that shares the work; each process gets all results. Default: this process alone. */
  processGroup?: ProcessGroup | undefined;
  /** Signal that aborts the work: the call, or the iteration, throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Yields the frames of a live or recorded source, each with its cost in bits/dim and its anomaly score. Leaves out the
 * first frame, and the first `baselineFrames` frames. A frame is yielded once the half second of frames after the frame
 * is read; with the option `batch`, up to `batch` frames later. At the start of a source, scores are 0 or come later:
 * see `isRecorded`. Frames whose context frames are incomplete score 0.
 *
 * @param model video model; the frames may have any size
 * @param frames frames of the source from its first, all of one size, with the model's channels; `IndexedFrame` if
 *   frames are missing
 * @throws PxvError `INPUT` if a frame has another shape, or if `baseline` was fitted at another size; `USAGE` if
 *   `baselineFrames` is at most the model's number of context frames; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, frameOf, loadModel, scoreAnomalies } from 'pxv';
 *
 * await chooseBackend();
 * const model = loadModel('video-64');
 * const frames = [100, 101, 100, 200].map((level) => frameOf(model, new Uint8Array(64 * 64 * 3).fill(level)));
 * for await (const { index, bits } of scoreAnomalies(model, frames, { frameRate: 2 })) console.log(index, bits);
 * ```
 */
export async function* scoreAnomalies(
  model: Model,
  frames: FrameSequence,
  options: AnomalyOptions = {},
): AsyncGenerator<AnomalyScore, void> {
  const { frameRate = 25, baselineFrames = 0, threshold, from } = options;
  const { context } = model.chain.exampleShape;
  if (options.baselineFrames !== undefined && baselineFrames <= context) {
    const expected = `more than the model's ${pluralize(context, 'context frame')}`;
    const received = pluralize(baselineFrames, 'frame');
    throw errorFactory('USAGE', 'find anomalies')('baseline', expected, received, 'learn from more seconds');
  }
  const detector = new EventDetector(frameRate, threshold, from?.events);
  let scorer: AnomalyScorer<FrameCost> | undefined;
  const judged = function* (scored: readonly ScoredFrame<FrameCost>[], isEnd = false) {
    for (const [at, { item, score, box, state }] of scored.entries()) {
      if (item.index < baselineFrames) continue;
      const over = [detector.add(item.index, score, box)];
      if (isEnd && at === scored.length - 1) over.push(detector.end());
      const ended = over.filter((event) => event !== null);
      const stateOf = () => ({ index: item.index, scorer: state(), events: detector.toJSON() });
      yield { ...item, score, box, events: detector.events, ended, state: stateOf };
    }
  };
  for await (const cost of frameCosts(model, frames, options)) {
    scorer ??= new AnomalyScorer(cost.frame, frameRate, options, from?.scorer);
    yield* judged(scorer.add(cost, hasContext(model, cost)));
  }
  if (scorer !== undefined) yield* judged(scorer.end(), true);
}

/**
 * Fits a baseline for `scoreAnomalies` to clips of the same camera without anomalies. Returns null if no clip is longer
 * than the model's context frames.
 *
 * @param clips frames of each clip, all of one size, with the model's channels
 * @param options `onFrame` is called with the number of frames so far
 * @throws PxvError `INPUT` if a frame has another shape; `USAGE` if no backend was chosen; the signal's reason if
 *   aborted
 */
export async function fitBaseline(
  model: Model,
  clips: AsyncIterable<FrameSequence> | Iterable<FrameSequence>,
  options: AnomalyOptions & { onFrame?: (frames: number) => void } = {},
): Promise<Baseline | null> {
  let scorer: AnomalyScorer<FrameCost> | undefined;
  let frames = 0;
  let isFitted = false;
  for await (const clip of clips) {
    for await (const cost of frameCosts(model, clip, options)) {
      scorer ??= new AnomalyScorer(cost.frame, options.frameRate ?? 25, { baselineFrames: Infinity });
      scorer.add(cost, hasContext(model, cost));
      isFitted ||= hasContext(model, cost);
      options.onFrame?.(++frames);
    }
    scorer?.end();
  }
  return isFitted ? scorer!.baseline : null;
}

/** Returns true if all context frames of a frame exist. */
function hasContext({ chain }: Model, { preceding }: FrameCost): boolean {
  return preceding >= chain.exampleShape.context;
}

/**
 * Yields each frame of a source but the first, with its cost in bits. With option `from`, yields only the frames after
 * `from.index`.
 *
 * @param trained video model; the frames may have any size
 * @param frames as of `scoreAnomalies`
 * @throws PxvError `INPUT` if a frame has another shape; `USAGE` if no backend was chosen; the signal's reason if
 *   aborted
 */
export async function* frameCosts(
  trained: Model,
  frames: FrameSequence,
  { batch = 1, processGroup, signal, from }: Pick<AnomalyOptions, 'batch' | 'processGroup' | 'signal' | 'from'> = {},
): AsyncGenerator<FrameCost, void> {
  const source = (
    Symbol.asyncIterator in frames ? frames[Symbol.asyncIterator]() : frames[Symbol.iterator]()
  ) as AsyncIterator<Frame>;
  const first = await source.next();
  if (first.done) return;
  const model = modelFor(trained, first.value);
  const { chain } = model;
  const seen = from?.index ?? 0;
  // The context frames of the next frame are read again.
  const start = Math.max(0, seen + 1 - chain.exampleShape.context);
  async function* all() {
    if (start === 0) yield first.value as Frame;
    for (let at = 1; at < start; at++) await source.next();
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  }
  const weights = toTensors(model.weights, chain.parameters);
  let last = start;
  let preceding = start;
  try {
    const levels = quantizeFrames(all(), chain.exampleShape.levels);
    const scored = scoreFrames(chain, weights, levels, { batch, processGroup, signal });
    for await (const { index: counted, frame, nats, anchors } of scored) {
      const index = 'index' in frame ? (frame as IndexedFrame).index : start + counted;
      preceding = index === last + 1 ? preceding + 1 : 0;
      last = index;
      if (index <= seen) continue;
      const map = bitsPerPixel(chain, nats);
      const bits = map.reduce((sum, value) => sum + value, 0) / countSubPixels(chain);
      const expected = expectsFrame(model) ? { ...frame, data: nearestBytes(chain.exampleShape, anchors[0]) } : null;
      yield { index, preceding, frame, expected, map, bits };
    }
  } finally {
    tf.dispose(weights);
    await source.return?.();
  }
}

/** Returns an anchor as bytes: rounded to the nearest levels. */
function nearestBytes(shape: ImageShape, anchor: Float32Array): Uint8Array {
  const most = shape.levels - 1;
  const levels = Uint8Array.from(anchor, (level) => Math.round(Math.min(Math.max(level, 0), most)));
  return levelsToBytes(shape, levels);
}

function modelFor(model: Model, { width, height, channels }: Frame): Model {
  const wanted = model.chain.exampleShape.channels;
  if (channels === wanted) return resizeModel(model, { width, height });
  const remedy = "give frames of the model's colours";
  throw errorFactory('INPUT', 'find anomalies')('frame', pluralize(wanted, 'channel'), `${channels}`, remedy);
}
