import type { Frame } from '../frame.js';
import type { Model } from '../model/checkpoint.js';
import { Context } from '../model/context.js';
import type { FrameSampler } from '../sampling/frame-sampler.js';
import { frameOf, rollOut, type RollOut } from '../sampling/roll-out.js';
import { meanSquaredError } from './metrics.js';

/** A predicted future beside the true one, frame by frame of the horizon. */
export interface RollOutScore {
  /** Mean squared error of the predicted frames, in levels squared. */
  predicted: number[];
  /** The same of the last known frame, repeated. */
  copyLast: number[];
  /** Mean absolute change from each frame to the next, in levels: of the predicted frames, and of the true ones. */
  predictedChange: number;
  trueChange: number;
}

/**
 * Predicts frames of a clip whose truth is known.
 *
 * @param frames at the model's size, from the clip's first on
 * @param options `first`: index of the first predicted frame, 1 or more
 * @param horizon frames to predict; the clip must reach that far
 */
export async function scoreRollOut(
  sampler: FrameSampler,
  model: Model,
  frames: AsyncIterable<Frame>,
  options: RollOut,
  horizon: number,
): Promise<RollOutScore> {
  const context = new Context(model.chain.examples);
  const truth: Frame[] = [];
  let index = 0;
  for await (const frame of frames) {
    if (index < options.first) context.push(frame.data);
    if (index >= options.first - 1) truth.push(frame);
    if (++index === options.first + horizon) break;
  }
  const last = truth[0];
  const predicted: Frame[] = [last];
  for await (const [{ bytes }] of rollOut(sampler, context, options)) {
    predicted.push(frameOf(model, bytes));
    if (predicted.length > horizon) break;
  }
  const future = truth.slice(1);
  return {
    predicted: future.map((frame, h) => meanSquaredError(frame, predicted[h + 1])),
    copyLast: future.map((frame) => meanSquaredError(frame, last)),
    predictedChange: meanChange(predicted),
    trueChange: meanChange(truth),
  };
}

/** Mean absolute difference between neighbouring frames, in levels. */
function meanChange(frames: readonly Frame[]): number {
  let sum = 0;
  for (let t = 1; t < frames.length; t++) {
    const [before, after] = [frames[t - 1].data, frames[t].data];
    for (let i = 0; i < after.length; i++) sum += Math.abs(after[i] - before[i]);
  }
  return sum / ((frames.length - 1) * frames[0].data.length);
}
