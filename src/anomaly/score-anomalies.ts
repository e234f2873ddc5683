import { tf } from '../foundation/tfjs.js';
import { scoreFrames } from '../evaluation/clip-score.js';
import { bitsPerPixel } from '../evaluation/scoring.js';
import { errorFactory } from '../foundation/errors.js';
import type { Box, Frame } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { levelsToBytes, quantizeFrames, type ImageShape } from '../foundation/levels.js';
import { resizeModel } from '../model/resize-model.js';
import { dimensions } from '../model/chain.js';
import { expectsFrame } from '../model/description.js';
import { toTensors, type Model } from '../model/model.js';
import type { ProcessGroup } from '../distributed/process-group.js';
import { EventDetector, type AnomalyEvent, type EventDetectorState } from './event-detector.js';
import { ScoreSmoother } from './score-smoother.js';
import { AnomalyScorer, type BaselineOptions, type AnomalyScorerState, type Baseline } from './anomaly-scorer.js';

/** A frame of a source, and what it costs, exactly, given the frames before it. */
export interface FrameCost {
  /** In the source, from 1: the first frame has nothing before it. */
  index: number;
  /** At the model's levels. */
  frame: Frame;
  /** What was expected in its place, from the frames before it; null where the model learns no expected frame. */
  expected: Frame | null;
  /** What it costs: bits/dim. */
  bits: number;
  /** Where: bits of each pixel, all channels together, height x width. */
  map: Float64Array;
}

/** A frame of a source, and how it compares with the source's past. */
export interface ComparedFrame extends FrameCost {
  /** How far it stands out by itself: see `AnomalyScorer`. */
  zScore: number;
  /** Where it stands out most. */
  box: Box;
  /** How far each place stands out. */
  regionZScores: Float64Array;
  /** What the source has shown, this frame included. */
  scorerState: AnomalyScorerState;
}

/** A frame with its score, which needs the half second after it. */
export interface AnomalyScore extends Omit<ComparedFrame, 'zScore' | 'regionZScores' | 'scorerState'> {
  /** How far it stands out, in deviations from what is usual: itself, and the second around it. */
  score: number;
  /** What stood out so far, but in the last second, the largest first. */
  events: readonly AnomalyEvent[];
  /** What to go on from after this frame, until the next one is asked for. */
  state: () => AnomalyState;
}

/** Where a look through a source stands: all that what follows depends on, as JSON holds it. */
export interface AnomalyState {
  /** Of the frame that was given last. */
  index: number;
  scorer: AnomalyScorerState;
  zScores: number[];
  events: EventDetectorState;
}

/** How frames are compared with what is usual. */
export interface AnomalyOptions extends BaselineOptions {
  /** Frames a second. Default: 25. */
  frameRate?: number | undefined;
  /** Frames computed together, which are waited for; no figure depends on it. Default: 1. */
  batch?: number | undefined;
  /** Goes on after an earlier look: frames up to that state's are passed over. */
  from?: AnomalyState | undefined;
  /** The processes that compute in turn, of which each gets all that is found. Default: this one alone. */
  processGroup?: ProcessGroup | undefined;
  /** Ends it: what is thrown is its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Scores frames as they come, from a camera or a clip: how many bits each costs, where, and how far it stands out against the past of the
 * same source. A frame is given half a second after it came, and so many more as `batch` has.
 *
 * @param model of video, whose frames may have any size
 * @param frames from the source's first on, all of one size, with the model's channels
 * @throws PxvError `INPUT` where a frame is of another shape, or `usual` was learned at another size; the signal's reason once it is aborted
 */
export async function* scoreAnomalies(
  model: Model,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  options: AnomalyOptions = {},
): AsyncGenerator<AnomalyScore, void> {
  const { frameRate = 25, baselineFrames = 0, from } = options;
  const smoother = new ScoreSmoother(frameRate, from?.zScores);
  const detector = new EventDetector(frameRate, from?.events);
  const waiting: ComparedFrame[] = [];
  const given = function* (scores: readonly number[], isEnd = false) {
    for (const score of scores) {
      const { index, frame, expected, bits, map, box, scorerState } = waiting.shift()!;
      detector.add(index, score, box);
      if (isEnd && waiting.length === 0) detector.end();
      const state = () => ({ index, scorer: scorerState, zScores: smoother.before, events: detector.toJSON() });
      yield { index, frame, expected, bits, map, box, score, events: detector.largest, state };
    }
  };
  for await (const observed of compareFrames(
    model,
    frames,
    (frame) => new AnomalyScorer(frame, frameRate, options),
    options,
  )) {
    if (observed.index < baselineFrames) continue;
    waiting.push(observed);
    yield* given(smoother.add(observed.zScore));
  }
  yield* given(smoother.end(), true);
}

/**
 * What is usual, learned from frames that show nothing else: clips of the same camera. Null where there are not two frames.
 *
 * @param clips the frames of each, all of one size, with the model's channels
 * @throws PxvError `INPUT` where a frame is of another shape; the signal's reason once it is aborted
 */
export async function fitBaseline(
  model: Model,
  clips: AsyncIterable<AsyncIterable<Frame>> | Iterable<AsyncIterable<Frame> | Iterable<Frame>>,
  options: AnomalyOptions & { onFrame?: (frames: number) => void } = {},
): Promise<Baseline | null> {
  let standOut: AnomalyScorer | null = null;
  let frames = 0;
  for await (const clip of clips) {
    for await (const { map, frame } of frameCosts(model, clip, options)) {
      standOut ??= new AnomalyScorer(frame, options.frameRate ?? 25, { baselineFrames: Infinity });
      standOut.learn(map);
      options.onFrame?.(++frames);
    }
  }
  return standOut?.toJSON() ?? null;
}

/** The frames of a source but the first, compared with what is usual. @param standOutOf called with the first */
export async function* compareFrames(
  model: Model,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  standOutOf: (frame: Frame) => AnomalyScorer,
  options: AnomalyOptions = {},
): AsyncGenerator<ComparedFrame, void> {
  let standOut: AnomalyScorer | null = null;
  for await (const costed of frameCosts(model, frames, options)) {
    const { frame, map } = costed;
    if (standOut === null) {
      standOut = standOutOf(frame);
      if (options.from !== undefined) standOut.restore(options.from.scorer);
    }
    yield { ...costed, ...standOut.add(map), scorerState: standOut.toJSON() };
  }
}

/**
 * The frames of a source but the first, with what each costs.
 *
 * @param trained model of video, whose frames may have any size
 * @param frames as of `surprise`
 * @throws PxvError `INPUT` where a frame is of another shape; the signal's reason once it is aborted
 */
export async function* frameCosts(
  trained: Model,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
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
  // What the next frame is conditioned on is read again.
  const start = Math.max(0, seen + 1 - chain.exampleShape.context);
  async function* all() {
    if (start === 0) yield first.value as Frame;
    for (let at = 1; at < start; at++) await source.next();
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  }
  const weights = toTensors(model.weights, chain.parameters);
  try {
    const levels = quantizeFrames(all(), chain.exampleShape.levels);
    for await (const { index, frame, nats, anchors } of scoreFrames(chain, weights, levels, {
      batch,
      processGroup,
      signal,
    })) {
      if (start + index <= seen) continue;
      const map = bitsPerPixel(chain, nats);
      const bits = map.reduce((sum, value) => sum + value, 0) / dimensions(chain);
      const expected = expectsFrame(model) ? { ...frame, data: nearestBytes(chain.exampleShape, anchors[0]) } : null;
      yield { index: start + index, frame, expected, map, bits };
    }
  } finally {
    tf.dispose(weights);
    await source.return?.();
  }
}

/** The bytes that show an anchor. */
function nearestBytes(shape: ImageShape, anchor: Float32Array): Uint8Array {
  const most = shape.levels - 1;
  return levelsToBytes(
    shape,
    Uint8Array.from(anchor, (level) => Math.round(Math.min(Math.max(level, 0), most))),
  );
}

function modelFor(model: Model, { width, height, channels }: Frame): Model {
  const wanted = model.chain.exampleShape.channels;
  if (channels !== wanted)
    throw errorFactory('INPUT', 'find surprise')(
      'frame',
      pluralize(wanted, 'channel'),
      `${channels}`,
      "give frames of the model's colours",
    );
  return resizeModel(model, { width, height });
}
