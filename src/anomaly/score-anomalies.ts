import { errorFactory } from '../foundation/errors.js';
import type { Box } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import type { Model } from '../model/model.js';
import {
  AnomalyScorer,
  type AnomalyScorerState,
  type Baseline,
  type BaselineOptions,
  type FrameAnomalyScore,
} from './anomaly-scorer.js';
import { EventDetector, type AnomalyEvent, type EventDetectorState } from './event-detector.js';
import { frameCosts, hasContext, type FrameCost, type FrameSequence } from './frame-costs.js';

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
  /** State to resume from after this frame. */
  state: AnomalyState;
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
  for await (const cost of frameCosts(model, frames, options)) {
    scorer ??= new AnomalyScorer(cost.frame, frameRate, options, from?.scorer);
    for (const scored of scorer.add(cost, hasContext(model, cost)))
      if (scored.item.index >= baselineFrames) yield withEvents(scored, detector);
  }
  const last = scorer?.end() ?? [];
  for (const [at, scored] of last.entries())
    if (scored.item.index >= baselineFrames) yield withEvents(scored, detector, at === last.length - 1);
}

/** Adds a scored frame to `detector`. @param isLast true for the last frame of the source, which ends the last event */
function withEvents(
  { item, score, box, state }: FrameAnomalyScore<FrameCost>,
  detector: EventDetector,
  isLast = false,
): AnomalyScore {
  const ended = [detector.add(item.index, score, box), isLast ? detector.end() : null];
  return {
    ...item,
    score,
    box,
    events: detector.events,
    ended: ended.filter((event) => event !== null),
    state: { index: item.index, scorer: state, events: detector.toJSON() },
  };
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
