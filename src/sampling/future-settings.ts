import { conditioningOf } from '../conditioning/index.js';
import { headOf } from '../model/heads/index.js';
import type { Model } from '../model/checkpoint.js';
import { AS_SCORED, checkDrawSettings, wrongSetting, type DrawSettings } from './draw.js';
import { expectsFrame } from './frame-sampler.js';

/** How the frames of a future are drawn. */
export interface FutureSettings extends DrawSettings {
  /**
   * Strength of the noise, in levels, that the network is told of in what it reads; default 0, as when clips are scored.
   * Drawn frames are not what true ones are: told so, a network that learnt with such noise leans less on their detail.
   */
  noise?: number;
}

/** All of the range of levels. */
const MOST_NOISE = 255;

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
 * @throws PxvError `USAGE` where a setting is unknown or out of its range, or has no meaning for the model
 */
export function futureSettings(model: Model, asked: Partial<FutureSettings> = {}): FutureSettings {
  const isMixed = model.description.scales.every(({ head }) => headOf(head).mixed);
  const { componentTemperature } = model;
  const settings = {
    ...(isMixed && expectsFrame(model) ? ABOUT_EXPECTED : TOLD_NOTHING),
    ...(componentTemperature !== null && { componentTemperature }),
    ...asked,
  };
  const unknown = Object.keys(asked).find((name) => !Object.hasOwn(TOLD_NOTHING, name));
  if (unknown !== undefined)
    throw wrongSetting('settings', `some of ${Object.keys(TOLD_NOTHING).join(', ')}`, unknown, 'leave it out');
  checkDrawSettings(settings, model.description);
  checkNoise(settings.noise, model);
  return settings;
}

function checkNoise(noise: number | undefined, { description: { scales } }: Model): void {
  if (noise === undefined || noise === 0) return;
  if (!(noise > 0 && noise <= MOST_NOISE))
    throw wrongSetting('noise', `a number from 0 to ${MOST_NOISE}`, noise, 'use 0 for the model as it is');
  if (!scales.some(({ conditioning }) => conditioning.some((one) => conditioningOf(one).tellsNoise)))
    throw wrongSetting('noise', '0 for a model that is not told of any', noise, 'leave it out');
}
