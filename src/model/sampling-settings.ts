import { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';
import { expectsFrame, type ModelDescription } from './description.js';
import { getHead } from './heads/index.js';

/** Range of temperatures above 0. */
export const LEAST_TEMPERATURE = 0.0001;
export const MOST_TEMPERATURE = 10_000;

/** Highest temperature that the schedule reaches. */
const MOST_SCHEDULED = 1.12;
/**
 * Largest `carryWithin` where `carry` is below 1. A little less than all of a draw leaves room to draw wider: frames
 * move as much, and are nearer to the truth (docs/decisions/0013-how-futures-are-drawn.md).
 */
const MOST_CARRIED_WITHIN = 0.96;

/** Schema of a model's sampling settings: the key `drawing` of its file and of a training's configuration. */
export const samplingSchema = z.strictObject({
  /** Temperature of the first drawn frame: see `FrameSettings`. */
  temperature: z.number().min(LEAST_TEMPERATURE).max(MOST_TEMPERATURE),
  /** Temperature schedule: increase from each drawn frame to the next, as far as 1.12; 0: the temperature stays. */
  warming: z.number().min(0).max(1),
  /**
   * Feedback: fraction of what a drawn frame has beyond the expected one that later frames are predicted from; 1: of
   * drawn frames as they are. Below 1 frames are drawn about the mean of predictions at several strides, known motion
   * continues (see `StridedHistory`), and no features are made of earlier pixels; within a frame, too, only a fraction
   * of a draw is read by the sub-pixels after it.
   */
  carry: z.number().min(0).max(1),
});

/** Settings that samples of a model are drawn with, frame after frame. */
export type SamplingSettings = z.infer<typeof samplingSchema>;

/** Settings that one frame is drawn with. */
export interface FrameSettings {
  /**
   * 1 changes nothing, 0 takes the most probable level. Otherwise probabilities of levels (softmax, sigmoid) are raised
   * to 1 / temperature and renormalised. Scales of a mixture's components are multiplied by it, and means stay: below 1
   * levels keep closer to the means, which move with the anchors. Weights of components are raised to it: a narrow draw
   * makes the choice for the pixels after it surer than it should be, and flatter weights make up for that
   * (docs/decisions/0013-how-futures-are-drawn.md).
   */
  temperature: number;
  /**
   * Fraction, above 0 and up to 1, of what a drawn sub-pixel has beyond its first anchor, the expected frame, that
   * later sub-pixels of the frame read; default 1: they read it as it is
   * (docs/decisions/0013-how-futures-are-drawn.md).
   */
  carryWithin?: number;
}

/** Settings of the model's own distribution, under which frames and images are scored. */
export const AS_SCORED: SamplingSettings = { temperature: 1, warming: 0, carry: 1 };

/**
 * Settings about the expected frame: less spread limits the errors of drawn frames at first, and little feedback those
 * after. Chosen on sixteen clips that taught nothing (docs/decisions/0013-how-futures-are-drawn.md).
 */
const ABOUT_EXPECTED: SamplingSettings = { temperature: 0.95, warming: 0.035, carry: 0.25 };

/** Returns the sampling settings of a model whose file has none. */
export function defaultSampling(description: ModelDescription): SamplingSettings {
  const isAboutAnchors = description.scales.every(({ head }) => getHead(head).drawsAboutAnchors);
  return isAboutAnchors && expectsFrame({ description }) ? ABOUT_EXPECTED : AS_SCORED;
}

/** Schema of the settings that a program may ask for; `checkTemperature` checks the number. */
export const requestedSamplingSchema = z
  .strictObject({ temperature: z.custom<number>((value) => typeof value === 'number', 'expected a number') })
  .partial();

/**
 * Returns the sampling settings of a model, as its file has them or the default, with the temperature that is
 * requested.
 * @throws PxvError `USAGE` if the temperature is out of its range
 */
export function samplingSettings(
  model: { description: ModelDescription; drawing: SamplingSettings | null },
  requested: { temperature?: number | undefined } = {},
): SamplingSettings {
  const settings = model.drawing ?? defaultSampling(model.description);
  const { temperature = settings.temperature } = requested;
  checkTemperature(temperature);
  return { ...settings, temperature };
}

/** @throws PxvError `USAGE` unless the temperature is 0 or lies between 0.0001 and 10000 */
export function checkTemperature(temperature: number): void {
  if (temperature === 0 || (temperature >= LEAST_TEMPERATURE && temperature <= MOST_TEMPERATURE)) return;
  const expected = `0, or a number from ${LEAST_TEMPERATURE} to ${MOST_TEMPERATURE}`;
  const remedy = 'use 1 for the model as it is';
  throw errorFactory('USAGE', 'set up sampling')('temperature', expected, String(temperature), remedy);
}

/** Returns the settings of one frame by the schedule. @param frame number of frames drawn before it */
export function frameSettings({ temperature: first, warming, carry }: SamplingSettings, frame: number): FrameSettings {
  // The most probable levels of one frame are not to be followed by draws.
  const temperature = first === 0 ? 0 : Math.max(first, Math.min(first + warming * frame, MOST_SCHEDULED));
  if (carry === 1) return { temperature, carryWithin: 1 };
  return { temperature, carryWithin: Math.min(MOST_CARRIED_WITHIN, temperature || 1) };
}
