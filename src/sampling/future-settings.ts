import type { Model } from '../model/model.js';
import { usualDrawing, type FutureDrawing } from '../model/future-drawing.js';
import { checkDrawSettings } from './draw.js';
import type { EngineSettings } from './engine.js';

/** The temperature that frames get warmer to. */
const WARMEST = 1.12;
/**
 * The most of a draw that is carried on within a frame, where little of it is carried on after it. A little less than all of it leaves room to
 * draw wider: frames move as much, and are nearer to the truth (docs/decisions/0013-how-futures-are-drawn.md).
 */
const MOST_CARRIED_WITHIN = 0.96;

/**
 * What a model's futures are drawn with: as its file says, or as usual, but for a temperature that is asked for.
 * @throws PxvError `USAGE` where that is out of its range
 */
export function futureSettings(
  model: Model,
  { temperature }: { temperature?: number | undefined } = {},
): FutureDrawing {
  const drawing = model.drawing ?? usualDrawing(model.description);
  const settings = { ...drawing, temperature: temperature ?? drawing.temperature };
  checkDrawSettings(settings);
  return settings;
}

/** How one frame of a future is drawn, 0 for the first. */
export function settingsAhead({ temperature: first, warming, carry }: FutureDrawing, frame: number): EngineSettings {
  // The most probable levels of one frame are not to be followed by draws.
  const temperature = first === 0 ? 0 : Math.max(first, Math.min(first + warming * frame, WARMEST));
  if (carry === 1) return { temperature, carryWithin: 1 };
  return { temperature, carryWithin: Math.min(MOST_CARRIED_WITHIN, temperature || 1) };
}
