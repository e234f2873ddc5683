import { conditioningOf } from '../conditioning/index.js';
import { headOf } from '../model/heads/index.js';
import type { Model } from '../model/checkpoint.js';
import { AS_SCORED, checkDrawSettings, wrongSetting, type DrawSettings } from './draw.js';
import type { EngineSettings } from './engine.js';
import { expectsFrame } from './frame-sampler.js';

/** How the frames of a future are drawn. */
export interface FutureSettings extends DrawSettings {
  /**
   * Strength of the noise, in levels, that the network is told of in what it reads; default 0, as when clips are scored.
   * Drawn frames are not what true ones are: told so, a network that learnt with such noise leans less on their detail.
   */
  noise?: number;
  /** What `componentTemperature` rises by from each drawn frame to the next, as far as `WARMEST`; default 0. */
  componentWarming?: number;
  /**
   * Share of what a drawn frame has beyond the expected one that the frames after it are predicted from; default 1: they
   * are predicted from drawn frames as they are. Below 1 they are predicted from nearly the expected frame, as the best
   * guess is, and motion that is known goes on as there. They are drawn about what is expected at several strides (see
   * StridedContexts), and nothing that is drawn is looked for in them by templates. Within a frame, too, only a share of a draw is
   * read by those after it (`EngineSettings.carryWithin`): as much as the component temperature, `MOST_CARRIED_WITHIN` at most.
   */
  carry?: number;
}

/** All of the range of levels. */
const MOST_NOISE = 255;
/** The component temperature that frames get warmer to. */
export const WARMEST = 1.12;
/**
 * The most of a draw that is carried on within a frame, where little of it is carried on after it. A little less than all of it leaves room to
 * draw wider: frames move as much, and are nearer to the truth (docs/decisions/0039-a-little-less-of-a-draw-and-wider.md).
 */
const MOST_CARRIED_WITHIN = 0.96;
const MOST_WARMING = 1;

/** As clips are scored. */
const AS_CLIPS_ARE_SCORED: Required<FutureSettings> = { ...AS_SCORED, noise: 0, componentWarming: 0, carry: 1 };

/**
 * A mixture about the expected frame, of a model whose file says nothing. The errors of drawn frames grow from frame to frame. A little
 * less spread holds them at first, and that little of them is carried on holds them after. Chosen on sixteen clips that taught nothing
 * (docs/measurements.md, docs/decisions/0029-little-of-a-draw-is-carried-on.md, 0030-frames-expected-at-two-strides.md).
 */
const ABOUT_EXPECTED: Required<FutureSettings> = {
  ...AS_CLIPS_ARE_SCORED,
  componentTemperature: 0.95,
  componentWarming: 0.035,
  carry: 0.25,
};

/**
 * What a model's futures are drawn with where nothing else is asked for.
 *
 * @throws PxvError `USAGE` where a setting is unknown or out of its range, or has no meaning for the model
 */
export function futureSettings(model: Model, asked: Partial<FutureSettings> = {}): Required<FutureSettings> {
  const isMixed = model.description.scales.every(({ head }) => headOf(head).mixed);
  const { componentTemperature } = model;
  const settings = {
    ...(isMixed && expectsFrame(model) ? ABOUT_EXPECTED : AS_CLIPS_ARE_SCORED),
    ...(componentTemperature !== null && { componentTemperature }),
    ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)),
  };
  const unknown = Object.keys(asked).find((name) => !Object.hasOwn(AS_CLIPS_ARE_SCORED, name));
  if (unknown !== undefined)
    throw wrongSetting('settings', `some of ${Object.keys(AS_CLIPS_ARE_SCORED).join(', ')}`, unknown, 'leave it out');
  checkDrawSettings(settings, model.description);
  checkNoise(settings.noise, model);
  checkCarry(settings.carry, model);
  checkWarming(settings.componentWarming, model);
  return settings;
}

/** The settings of one frame of a future, 0 for the first. */
export function settingsAhead(
  settings: Required<FutureSettings>,
  frame: number,
): Required<FutureSettings & EngineSettings> {
  const { componentTemperature: first, componentWarming, carry } = settings;
  const componentTemperature = Math.max(first, Math.min(first + componentWarming * frame, WARMEST));
  return {
    ...settings,
    componentTemperature,
    carryWithin: carry < 1 ? Math.min(MOST_CARRIED_WITHIN, componentTemperature) : 1,
  };
}

function checkCarry(carry: number, model: Model): void {
  if (!(carry >= 0 && carry <= 1))
    throw wrongSetting('carry', 'a number from 0 to 1', carry, 'use 1 for drawn frames as they are');
  if (carry < 1 && !expectsFrame(model))
    throw wrongSetting('carry', '1 for a model that does not learn the expected frame', carry, 'leave it out');
}

function checkWarming(warming: number, { description: { scales } }: Model): void {
  const wrong = (expected: string) =>
    wrongSetting('component-warming', expected, warming, 'use 0 for one temperature in all frames');
  if (!(warming >= 0 && warming <= MOST_WARMING)) throw wrong(`a number from 0 to ${MOST_WARMING}`);
  const unmixed = scales.find(({ head }) => !headOf(head).mixed);
  if (warming > 0 && unmixed !== undefined) throw wrong(`0 for a head '${unmixed.head.type}', which has no components`);
}

function checkNoise(noise: number, { description: { scales } }: Model): void {
  if (noise === 0) return;
  if (!(noise > 0 && noise <= MOST_NOISE))
    throw wrongSetting('noise', `a number from 0 to ${MOST_NOISE}`, noise, 'use 0 for the model as it is');
  if (!scales.some(({ conditioning }) => conditioning.some((one) => conditioningOf(one).tellsNoise)))
    throw wrongSetting('noise', '0 for a model that is not told of any', noise, 'leave it out');
}
