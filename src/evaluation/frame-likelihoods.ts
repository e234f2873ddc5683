import type { Tensor } from '@tensorflow/tfjs-core';
import type { Frame } from '../foundation/frame.js';
import type { Chain } from '../model/chain.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import type { Subsequence } from '../conditioning/context/history.js';
import type { ForecastStart } from './forecast-starts.js';
import type { DynamicEvaluation } from './dynamic-evaluation.js';
import { levelDifferences, HistogramBaseline } from './baselines.js';
import { meanSquaredError } from './metrics.js';
import {
  assertFiniteNats,
  BITS_PER_NAT,
  scoreItems,
  sumNats,
  type AddExample,
  type ScoredItem,
  type ScoringOptions,
} from './scoring.js';

/** Score of a frame of a clip, given the true frames before it. */
export interface ScoredFrame extends Omit<ScoredItem<never>, 'item'> {
  /** Index in the clip, from 1: the first frame, 0, is not scored. */
  index: number;
  frame: Frame;
  /** Previous frame, from which baselines are computed. */
  previous: Frame;
}

/** Options for `scoreFrames`. */
export interface FrameScoringOptions extends ScoringOptions {
  /**
   * Start in a clip, if `frames` are those that follow it: the first of `frames` is scored too. Default: `frames`
   * begins with the clip's first frame, which is not scored.
   */
  start?: Pick<ForecastStart, 'history' | 'known'>;
}

/** Subsequence of the frames 2, 4, 6, ... before the next frame. */
const EVERY_SECOND: Subsequence = { stride: 2, phase: 1 };

/**
 * Scores each frame of a clip but the first, one step ahead, as the frames stream by. Each frame is given the true
 * frames before it.
 * @param weights tensors in the order of the chain's parameters, or a `DynamicEvaluation`, which learns from each
 *   scored frame (see `scoreItems`)
 * @param frames all frames of the clip, or those after `options.start`, at the model's size
 * @throws PxvError `INPUT` if a frame has another size than the model's; `CHECKPOINT` if a likelihood is not finite;
 *   the signal's reason if aborted, checked before each batch; errors of `frames`
 */
export async function* scoreFrames(
  chain: Chain,
  weights: readonly Tensor[] | DynamicEvaluation,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  { start, ...options }: FrameScoringOptions = {},
): AsyncGenerator<ScoredFrame, void> {
  const history = start?.history.copy() ?? new FrameHistory(chain.exampleShape);
  async function* withPrevious() {
    let previous = start?.known.at(-1) ?? null;
    for await (const frame of frames) {
      if (previous !== null) yield { index: history.frames, frame, previous };
      history.push(frame.data);
      previous = frame;
    }
  }
  const add: AddExample<{ frame: Frame }> = (buffer, { frame }, slower) => {
    history.addExample(buffer, frame.data);
    if (slower !== null) history.addExample(slower, frame.data, EVERY_SECOND);
  };
  for await (const { item, ...score } of scoreItems(chain, weights, withPrevious(), add, options)) {
    assertFiniteNats(`frame ${item.index}`, score.nats);
    yield { ...item, ...score };
  }
}

/** Score of a clip one step ahead: of every frame but the first, given the true frames before it. */
export interface ClipScore {
  /** Number of frames of the clip; all but the first are scored. */
  frames: number;
  /** Number of scored sub-pixels. */
  dimensions: number;
  /** Mean cost of the scored sub-pixels, in bits/dim. */
  bitsPerDim: number;
  /** Bits/dim of the previous-frame baseline (see `levelDifferences`). */
  previousFrameBitsPerDim: number;
  /**
   * Mean squared errors of two kinds of prediction of the next frame, in squared levels of 0 to 255: the previous
   * frame, and each anchor.
   */
  oneStep: { previousFrame: number; anchors: number[] };
}

/**
 * Summarises the scores of one clip's frames: bits/dim, the previous-frame baseline, and errors one step ahead.
 * @param levels number of levels of the model
 * @param scored scores of all frames of one clip, as `scoreFrames` yields them
 * @param onFrame called after each frame with the number of frames so far, the first included
 * @returns null for a clip of one frame
 */
export async function summariseFrames(
  levels: number,
  scored: AsyncIterable<ScoredFrame>,
  onFrame?: (frames: number) => void,
): Promise<ClipScore | null> {
  const baseline = new HistogramBaseline(1, levels);
  let frames = 0;
  let nats = 0;
  let previousFrame = 0;
  const anchorErrors: number[] = [];
  for await (const { index, frame, previous, nats: map, anchors } of scored) {
    baseline.add(levelDifferences(previous, frame, levels));
    nats += sumNats(map);
    previousFrame += meanSquaredError(frame, previous);
    for (const [a, anchor] of anchors.entries()) {
      anchorErrors[a] = (anchorErrors[a] ?? 0) + anchorError(frame, anchor, levels);
    }
    frames = index + 1;
    onFrame?.(frames);
  }
  if (frames === 0) return null;
  const meanOf = (sum: number) => sum / (frames - 1);
  return {
    frames,
    dimensions: baseline.dimensions,
    bitsPerDim: (nats / baseline.dimensions) * BITS_PER_NAT,
    previousFrameBitsPerDim: baseline.bitsPerDim,
    oneStep: { previousFrame: meanOf(previousFrame), anchors: anchorErrors.map(meanOf) },
  };
}

/** Returns the mean squared error of an anchor, scaled from the model's levels to 0 to 255. */
function anchorError({ data }: Frame, anchor: Float32Array, levels: number): number {
  const scale = 255 / (levels - 1);
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += (data[i] - scale * anchor[i]) ** 2;
  return squares / data.length;
}
