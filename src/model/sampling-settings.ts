import { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';
import { expectsFrame, type ModelDescription } from './description.js';
import { getHead } from './heads/index.js';

/** Minimum temperature other than 0. */
const MIN_TEMPERATURE = 0.0001;
/** Maximum temperature. */
const MAX_TEMPERATURE = 10_000;

/** Maximum temperature that the schedule reaches. */
const MAX_SCHEDULED_TEMPERATURE = 1.3;
/**
 * Maximum `carryWithin` if `carry` is below 1. With a little less than all of a draw fed back, draws can be wider:
 * frames move as much, and are nearer to the truth (docs/decisions/0013-how-futures-are-drawn.md).
 */
const MAX_CARRY_WITHIN = 0.96;

/** Maximum standard deviation of a mixture, in levels of 255, if `carry` is below 1. */
const MAX_DEVIATION = 5;

/**
 * Schema of a model's sampling settings `temperature`, `warming` and `carry`: the key `drawing` of its file and of a
 * training's configuration.
 */
export const samplingSchema = z.strictObject({
  /** Temperature of the first drawn frame: see `FrameSettings`. */
  temperature: z.number().min(MIN_TEMPERATURE).max(MAX_TEMPERATURE),
  /** Temperature schedule: increase from each drawn frame to the next, up to 1.3; 0: constant temperature. */
  warming: z.number().min(0).max(1),
  /**
   * Carry: fraction of a drawn frame's deviation from the expected frame that later frames are predicted from. At 1,
   * later frames are predicted from drawn frames as they are. Below 1:
   * - frames are drawn about the mean of predictions at several strides
   * - known motion continues (see `StridedHistory`)
   * - no features of earlier pixels are computed
   * - within a frame, too, only a fraction of a draw is read by the sub-pixels after it
   * - mixtures are drawn from with a standard deviation of at most 5 levels of 255
   * - fine detail of drawn frames is restored before they are returned (see `DetailRestoration`)
   */
  carry: z.number().min(0).max(1),
});

/**
 * Sampling settings of a model, for rollouts: `temperature` of the first drawn frame and `warming`, its increase per
 * frame. `carry` is the fraction of a draw's deviation from the expected frame that later frames are predicted from.
 * @interface
 */
export type SamplingSettings = z.infer<typeof samplingSchema>;

/** Sampling settings of one frame. */
export interface FrameSettings {
  /**
   * Temperature. 1 changes nothing; 0 takes the most probable level. Probabilities of levels (softmax, sigmoid) are
   * raised to 1 / temperature and renormalised. In a mixture, the scales of components are multiplied by the
   * temperature, and the means stay: below 1, levels keep closer to the means, which move with the anchors. Weights of
   * components are raised to the temperature: a narrow draw makes the choice for later pixels surer than it should be,
   * and flatter weights compensate (docs/decisions/0013-how-futures-are-drawn.md).
   */
  temperature: number;
  /**
   * Feedback within a frame: fraction, above 0 and up to 1, of the deviation of a drawn sub-pixel from its first
   * anchor, the expected frame. Later sub-pixels of the frame read the level with this fraction of the deviation.
   * Default: 1, the level as drawn (docs/decisions/0013-how-futures-are-drawn.md).
   */
  carryWithin?: number;
  /**
   * Maximum standard deviation of a mixture, above 0, in levels of 255. A wider mixture is contracted about its mean,
   * means and scales alike. Pixels drawn from a wide mixture, as beside what moves, are noise that nothing decides.
   * Default: unlimited (docs/decisions/0013-how-futures-are-drawn.md).
   */
  maxDeviation?: number;
}

/** Sampling settings of the model's own distribution, under which frames and images are scored. */
export const MODEL_DISTRIBUTION: SamplingSettings = { temperature: 1, warming: 0, carry: 1 };

/**
 * Sampling settings for draws about the expected frame: with a temperature that rises, samples change as much as true
 * frames, and little feedback limits the errors of later frames. Chosen on eight clips outside the training data
 * (docs/decisions/0013-how-futures-are-drawn.md).
 */
const ABOUT_EXPECTED: SamplingSettings = { temperature: 1.02, warming: 0.045, carry: 0.25 };

/**
 * Returns the default sampling settings of a model, for a file without settings. Samples are drawn about the expected
 * frame, with a carry of 0.25, if the model predicts it and all heads have `drawsAboutAnchors`. Otherwise, returns
 * `MODEL_DISTRIBUTION`.
 */
export function defaultSampling(description: ModelDescription): SamplingSettings {
  const isAboutAnchors = description.scales.every(({ head }) => getHead(head).drawsAboutAnchors);
  return isAboutAnchors && expectsFrame({ description }) ? ABOUT_EXPECTED : MODEL_DISTRIBUTION;
}

/**
 * Schema of the sampling settings that a program can request: the temperature alone. `checkTemperature` checks its
 * range.
 */
export const requestedSamplingSchema = z
  .strictObject({ temperature: z.custom<number>((value) => typeof value === 'number', 'expected a number') })
  .partial();

/**
 * Returns a model's sampling settings, from its file or by default, with the requested temperature if any.
 * @throws PxvError `USAGE` if the temperature is out of range
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

/** Throws unless the temperature is 0, or from 0.0001 to 10000. @throws PxvError `USAGE` */
export function checkTemperature(temperature: number): void {
  if (temperature === 0 || (temperature >= MIN_TEMPERATURE && temperature <= MAX_TEMPERATURE)) return;
  const expected = `0, or a number from ${MIN_TEMPERATURE} to ${MAX_TEMPERATURE}`;
  const remedy = 'use 1 for the model as it is';
  throw errorFactory('USAGE', 'set up sampling')('temperature', expected, String(temperature), remedy);
}

/**
 * Returns the sampling settings of one frame of a rollout. The temperature rises by `warming` a frame, up to 1.3; it
 * stays if the first is 0, or above 1.3. `carryWithin` is 1 if `carry` is 1, else the temperature, at most 0.96; 0.96
 * at temperature 0. `maxDeviation` is 5 levels if `carry` is below 1.
 * @param frame number of frames drawn before
 */
export function frameSettings({ temperature: first, warming, carry }: SamplingSettings, frame: number): FrameSettings {
  // Frames of most probable levels must not be followed by draws.
  const temperature = first === 0 ? 0 : Math.max(first, Math.min(first + warming * frame, MAX_SCHEDULED_TEMPERATURE));
  if (carry === 1) return { temperature, carryWithin: 1 };
  return { temperature, carryWithin: Math.min(MAX_CARRY_WITHIN, temperature || 1), maxDeviation: MAX_DEVIATION };
}
