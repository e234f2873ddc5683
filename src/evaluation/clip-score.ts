import type { Tensor } from '@tensorflow/tfjs-core';
import type { Frame } from '../frame.js';
import type { Model } from '../model/checkpoint.js';
import { ExampleBuffer } from '../model/examples.js';
import { Context } from '../model/context.js';
import { PreviousFrameBaseline } from './baselines.js';
import { BITS_PER_NAT, natsOfExamples } from './scoring.js';

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

/** Frames scored together. */
const BATCH = 8;

/**
 * Scores a clip as it streams by.
 *
 * @param weights tensors in the order of the chain's parameters
 * @param frames at the model's size
 * @param onFrame told after each frame, with the number read so far
 */
export async function scoreClip(
  model: Model,
  weights: readonly Tensor[],
  frames: AsyncIterable<Frame>,
  onFrame?: (frames: number) => void,
): Promise<ClipScore> {
  const { chain } = model;
  const buffer = new ExampleBuffer(chain.examples, BATCH);
  const context = new Context(chain.examples);
  const baseline = new PreviousFrameBaseline(chain.examples.levels);
  let previous: Frame | null = null;
  let nats = 0;
  let count = 0;
  const score = async () => {
    if (buffer.size > 0) for (const value of await natsOfExamples(chain, weights, buffer.tensors())) nats += value;
    buffer.clear();
  };
  for await (const frame of frames) {
    if (previous !== null) {
      baseline.add(previous, frame);
      context.addExample(buffer, frame.data);
      if (buffer.full) await score();
    }
    context.push(frame.data);
    previous = frame;
    onFrame?.(++count);
  }
  await score();
  return {
    frames: count,
    dimensions: baseline.dimensions,
    bitsPerDim: (nats / baseline.dimensions) * BITS_PER_NAT,
    previousFrameBitsPerDim: baseline.bitsPerDim,
  };
}
