import { z } from 'zod';
import { errorsOf } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import type { Model } from '../model/model.js';
import { Past } from '../model/past.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { numberOf } from '../foundation/number-of.js';
import { DEFAULT_SEED } from '../foundation/philox.js';
import type { Correction } from './correction.js';
import { drawSettingsSchema } from './draw.js';
import { forecast, type PredictedFrame } from './forecaster.js';
import type { FrameSampler } from './frame-sampler.js';
import { futureSettings } from './future-settings.js';
import { Noise } from './noise.js';

const SOURCE = { operation: 'roll out', argument: 'options', code: 'USAGE' } as const;

const index = z.int().min(0);
const fields = {
  /** Default: 1. */
  seed: z.union([z.number(), z.bigint()]).optional(),
  /**
   * How many futures, or of each which sample of the seed it is; each has noise of its own. Default: one for each past.
   */
  samples: z
    .union([z.int().min(1), z.array(index).min(1).readonly()], 'expected how many, or a list of them')
    .optional(),
  /**
   * Index in the clip of the first frame to predict: one for all futures, or one for each; the same frame is drawn from the same
   * noise. Default: as many frames as there are before it.
   */
  first: z.union([index, z.array(index).readonly()], 'expected one index, or one for each future').optional(),
  /** Default: as the model says (see `futureSettings`). */
  settings: drawSettingsSchema.optional(),
  /**
   * How each future is corrected, null where it is not (see `learnCorrection`): drawn frames are shifted by as much as what is expected of
   * them. The frames after them are predicted as without, and `nats` stay those of what was drawn. Where drawn frames are carried on as they
   * are, nothing is corrected. Default: nothing is.
   */
  corrections: z
    .array(z.custom<Correction | null>((value) => typeof value === 'object'))
    .readonly()
    .optional(),
  /** Called after each row of each frame with the share of the frame, over all samples, that is done. */
  onRow: z.custom<(share: number) => void>((value) => typeof value === 'function', 'expected a function').optional(),
  signal: z.instanceof(AbortSignal).optional(),
};
const schema = z.strictObject(fields);

/** How futures are drawn side by side. */
export type RollOutOptions = z.infer<z.ZodObject<typeof fields>>;

/**
 * Draws frame after frame, that of every sample at once, over any horizon (see `forecast`).
 * @param past what is known before the first predicted frame: one for all futures, or one for each
 * @throws PxvError `USAGE` where an option is unknown or out of its range, or has no meaning for the model
 */
export function rollOut(
  sampler: FrameSampler,
  past: Past | readonly Past[],
  options: RollOutOptions = {},
): AsyncGenerator<PredictedFrame[], never> {
  const asked = parseConfiguration<RollOutOptions>(schema, options, SOURCE);
  const pasts = past instanceof Past ? [past] : past;
  const { seed = DEFAULT_SEED, samples: wanted = pasts.length, onRow, signal } = asked;
  const samples = typeof wanted === 'object' ? wanted : Array.from({ length: wanted }, (_, sample) => sample);
  const known = forEach('pasts', pasts, samples);
  const { first = known.map(({ frames }) => frames) } = asked;
  const frame = forEach('first', typeof first === 'number' ? [first] : first, samples);
  const settings = futureSettings(sampler.model, asked.settings);
  const corrections = forEach('corrections', (settings.carry < 1 && options.corrections) || [null], samples);
  const draw = { noise: new Noise(seed), samples, frame, settings, onRow };
  return forecast(sampler, known, { draw, corrections, signal });
}

/** One for all futures, or one for each, as one for each. */
function forEach<T>(argument: string, values: readonly T[], futures: readonly unknown[]): readonly T[] {
  if (values.length === futures.length) return values;
  if (values.length === 1) return futures.map(() => values[0]);
  const expected = `one, or one for each of ${numberOf(futures.length, 'future')}`;
  throw errorsOf('USAGE', SOURCE.operation)(argument, expected, `${values.length}`, 'give as many as samples');
}

/** How the best guess is made. */
export interface BestGuess {
  /** How what is expected is corrected; the frames after it are predicted as without. Default: it is not. */
  correction?: Correction | null | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The deterministic forecast: frame after frame the expected one, over any horizon (see `forecast`).
 * @returns height x width x channels bytes of each frame
 * @throws PxvError `USAGE`, once a frame is asked for, where the past has none, the model learns no expected frame, or the correction was
 *   learned at other strides; the signal's reason once it is aborted
 */
export async function* bestGuess(
  sampler: FrameSampler,
  past: Past,
  { correction = null, signal }: BestGuess = {},
): AsyncGenerator<Uint8Array, never> {
  const steps = forecast(sampler, [past], { corrections: [correction], signal });
  for (;;) yield (await steps.next()).value[0].bytes;
}

/** A frame at a model's size. @param data height x width x channels bytes, which are not copied */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.chain.exampleShape;
  return { ...size, channels, data };
}
