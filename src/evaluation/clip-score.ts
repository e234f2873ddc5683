import type { Tensor } from '@tensorflow/tfjs-core';
import type { Frame } from '../foundation/frame.js';
import type { Chain } from '../model/chain.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import type { Subsequence } from '../conditioning/context/history.js';
import type { DynamicEvaluation } from './dynamic-evaluation.js';
import { levelDifferences, HistogramBaseline } from './baselines.js';
import { meanSquaredError } from './metrics.js';
import { BITS_PER_NAT, scoreItems, sumNats, type AddExample, type ScoredItem, type ScoringOptions } from './scoring.js';

/** A frame of a clip and what it costs, given the true frames before it. */
export interface ScoredFrame extends Omit<ScoredItem<never>, 'item'> {
  /** In the clip, from 1: its first frame has nothing before it. */
  index: number;
  frame: Frame;
  /** The frame before, which baselines start from. */
  previous: Frame;
}

/** The frames two, four, six, ... before the next one. */
const EVERY_SECOND: Subsequence = { stride: 2, phase: 1 };

/**
 * Scores a clip one step ahead as it streams by.
 * @param weights tensors in the order of the chain's parameters, or weights that learn from each frame once it is scored: see `scoreItems`
 * @param frames at the model's size, from the clip's first on
 */
export async function* scoreFrames(
  chain: Chain,
  weights: readonly Tensor[] | DynamicEvaluation,
  frames: AsyncIterable<Frame>,
  options?: ScoringOptions,
): AsyncGenerator<ScoredFrame, void> {
  const history = new FrameHistory(chain.exampleShape);
  async function* withPrevious() {
    let previous: Frame | null = null;
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
  for await (const { item, ...score } of scoreItems(chain, weights, withPrevious(), add, options))
    yield { ...item, ...score };
}

/** What a clip costs one step ahead: every frame but the first, given the true frames before it. */
export interface ClipScore {
  /** All frames of the clip; one fewer is scored. */
  frames: number;
  /** Scored sub-pixels. */
  dimensions: number;
  bitsPerDim: number;
  /** The previous frame as a predictor: see changeOfLevels. */
  previousFrameBitsPerDim: number;
  /** Mean squared error one step ahead, in levels squared of 256: of the previous frame, and of each anchor. */
  oneStep: { previousFrame: number; anchors: number[] };
}

/**
 * The bits of a clip, all its frames together.
 * @param levels those of the model
 * @param scored the frames of one clip
 * @returns null for a clip of one frame, of which none was scored
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

/** Mean squared error of an anchor, brought from the model's levels to 256. */
function anchorError({ data }: Frame, anchor: Float32Array, levels: number): number {
  const scale = 255 / (levels - 1);
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += (data[i] - scale * anchor[i]) ** 2;
  return squares / data.length;
}
