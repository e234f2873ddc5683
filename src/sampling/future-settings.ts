import { headOf } from '../model/heads/index.js';
import type { Model } from '../model/checkpoint.js';
import { AS_SCORED, checkDrawSettings, type DrawSettings } from './draw.js';
import { expectsFrame } from './frame-sampler.js';

/** How the frames of a future are drawn. */
export interface FutureSettings extends DrawSettings {
  /**
   * Strength of the noise, in levels, that the network is told of in what it reads; default 0, as when clips are scored.
   * Drawn frames are not what true ones are: told so, a network that learnt with such noise leans less on their detail.
   */
  noise?: number;
}

/** As clips are scored. */
const TOLD_NOTHING: FutureSettings = { ...AS_SCORED, noise: 0 };

/**
 * A mixture about the expected frame, of a model whose file says nothing: the errors of drawn frames grow from frame to frame, and a little less spread holds
 * them. Chosen for video-64-small on sixteen clips that it learned nothing from (docs/measurements.md): at 1 the eighth changes more
 * than the true one, at 0.9 half as much; noise that is told does the same as a lower temperature, at a higher price.
 */
const ABOUT_EXPECTED: FutureSettings = { ...TOLD_NOTHING, componentTemperature: 0.95 };

/**
 * What a model's futures are drawn with where nothing else is asked for.
 *
 * @throws PxvError `USAGE` where a setting is out of its range, or does not fit the model's heads
 */
export function futureSettings(model: Model, asked: Partial<FutureSettings> = {}): FutureSettings {
  const isMixed = model.description.scales.every(({ head }) => headOf(head).mixed);
  const { componentTemperature } = model;
  const settings = {
    ...(isMixed && expectsFrame(model) ? ABOUT_EXPECTED : TOLD_NOTHING),
    ...(componentTemperature !== null && { componentTemperature }),
    ...asked,
  };
  checkDrawSettings(settings, model.description);
  return settings;
}
