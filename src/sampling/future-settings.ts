import type { Model } from '../model/checkpoint.js';
import { checkDrawSettings, type DrawSettings } from './draw.js';
import { expectsFrame } from './frame-sampler.js';

/** How the frames of a future are drawn. */
export interface FutureSettings extends DrawSettings {
  /**
   * Strength of the noise, in levels, that the network is told of in what it reads; default 0, as when clips are scored.
   * Drawn frames are not what true ones are: told so, a network that learnt with such noise leans less on their detail.
   */
  noise?: number;
}

/** The model's own distribution, as clips are scored. */
const AS_SCORED: FutureSettings = { temperature: 1, topP: 1, componentTemperature: 1, noise: 0 };

/**
 * Where the first anchor is learned, training tells of noise as well: told of some, a drawn frame trusts the frames drawn
 * before it less, and moving places hold together for longer. Chosen on the validation clips of video-64
 * (docs/measurements.md): a lower temperature of the components is cleaner and has the better PSNR, but moves less.
 */
const ABOUT_EXPECTED: FutureSettings = { ...AS_SCORED, noise: 2 };

/**
 * What a model's futures are drawn with where nothing else is asked for.
 *
 * @throws PxvError `USAGE` where a setting is out of its range, or does not fit the model's heads
 */
export function futureSettings(model: Model, asked: Partial<FutureSettings> = {}): FutureSettings {
  const settings = { ...(expectsFrame(model) ? ABOUT_EXPECTED : AS_SCORED), ...asked };
  checkDrawSettings(settings, model.description);
  return settings;
}
