import type { Model } from '../model/checkpoint.js';
import { checkDrawSettings, type DrawSettings } from './draw.js';

/** How the frames of a future are drawn. */
export interface FutureSettings extends DrawSettings {
  /**
   * Strength of the noise, in levels, that the network is told of in what it reads; default 0, as when clips are scored.
   * Drawn frames are not what true ones are: told so, a network that learnt with such noise leans less on their detail.
   */
  noise?: number;
}

/**
 * The model's own distribution, as clips are scored. Chosen on the validation clips of video-64 (docs/measurements.md): told
 * of noise, and with a lower temperature of the components, futures are a little nearer to the truth and move less; with a
 * higher one they run away.
 */
const AS_SCORED: FutureSettings = { temperature: 1, topP: 1, componentTemperature: 1, noise: 0 };

/**
 * What a model's futures are drawn with: as clips are scored, where nothing else is asked for.
 *
 * @throws PxvError `USAGE` where a setting is out of its range, or does not fit the model's heads
 */
export function futureSettings(model: Model, asked: Partial<FutureSettings> = {}): FutureSettings {
  const settings = { ...AS_SCORED, ...asked };
  checkDrawSettings(settings, model.description);
  return settings;
}
