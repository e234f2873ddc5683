import type { Tensor } from '@tensorflow/tfjs-core';
import type { Frame } from '../frame.js';
import type { Chain } from '../model/chain.js';
import { Context } from '../model/context.js';
import { PreviousFrameBaseline } from './baselines.js';
import { BITS_PER_NAT, scoreEach, sumOfNats, type ScoringOptions } from './scoring.js';

/** A frame of a clip and what it costs, given the true frames before it. */
export interface ScoredFrame {
  /** In the clip, from 1: its first frame has nothing before it. */
  index: number;
  frame: Frame;
  /** The frame before, which baselines start from. */
  previous: Frame;
  /** See `Scored`. */
  nats: Float32Array;
}

/**
 * Scores a clip one step ahead as it streams by.
 *
 * @param weights tensors in the order of the chain's parameters
 * @param frames at the model's size, from the clip's first on
 */
export async function* scoreFrames(
  chain: Chain,
  weights: readonly Tensor[],
  frames: AsyncIterable<Frame>,
  options?: ScoringOptions,
): AsyncGenerator<ScoredFrame, void> {
  const context = new Context(chain.examples);
  async function* withPrevious() {
    let index = 0;
    let previous: Frame | null = null;
    for await (const frame of frames) {
      if (previous !== null) yield { index, frame, previous };
      context.push(frame.data);
      previous = frame;
      index++;
    }
  }
  const items = withPrevious();
  for await (const { item, nats } of scoreEach(
    chain,
    weights,
    items,
    (buffer, { frame }) => context.addExample(buffer, frame.data),
    options,
  )) {
    yield { ...item, nats };
  }
}

/** What a clip costs one step ahead: every frame but the first, given the true frames before it. */
export interface ClipScore {
  /** All frames of the clip; one fewer is scored. */
  frames: number;
  /** Scored sub-pixels. */
  dimensions: number;
  bitsPerDim: number;
  /** The previous frame as a predictor: see PreviousFrameBaseline. */
  previousFrameBitsPerDim: number;
}

/**
 * The bits of a clip, all its frames together.
 *
 * @param levels those of the model
 * @param scored the frames of one clip
 * @returns null for a clip of one frame, of which none was scored
 */
export async function summariseFrames(
  levels: number,
  scored: AsyncIterable<ScoredFrame>,
  onFrame?: (frames: number) => void,
): Promise<ClipScore | null> {
  const baseline = new PreviousFrameBaseline(levels);
  let frames = 0;
  let nats = 0;
  for await (const { index, frame, previous, nats: map } of scored) {
    baseline.add(previous, frame);
    nats += sumOfNats(map);
    frames = index + 1;
    onFrame?.(frames);
  }
  if (frames === 0) return null;
  return {
    frames,
    dimensions: baseline.dimensions,
    bitsPerDim: (nats / baseline.dimensions) * BITS_PER_NAT,
    previousFrameBitsPerDim: baseline.bitsPerDim,
  };
}
