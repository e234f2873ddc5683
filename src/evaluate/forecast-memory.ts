import { SAMPLES_PER_BATCH } from '../evaluation/forecast-score.js';
import { frameBytes } from '../foundation/levels.js';
import { assertDrawingMemory, fitDrawingBatch } from '../memory/memory-limits.js';
import type { Model } from '../model/model.js';

/**
 * Returns the largest batch size of samples whose drawing fits in memory, beside the frames that forecasts of a clip
 * hold.
 * @param forecasts numbers of starts, of frames to predict and of samples at each start
 * @param keptFrames number of known frames held at each start
 * @param atAnySize true if the command can score at other sizes than the model's
 * @throws PxvError as `assertDrawingMemory`
 */
export function fitForecastBatch(
  model: Model,
  { starts, horizon, samples }: Record<'starts' | 'horizon' | 'samples', number>,
  keptFrames: number,
  atAnySize: boolean,
): number {
  const heldBytes = (count: number, frame: number) => starts * (count * horizon + keptFrames) * frame;
  const drawing = { operation: 'score', batchOf: () => 1, samples, option: '--samples', heldBytes, atAnySize };
  assertDrawingMemory(model, drawing);
  return fitDrawingBatch(model, SAMPLES_PER_BATCH, heldBytes(samples, frameBytes(model.chain.exampleShape)));
}
