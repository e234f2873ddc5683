import { z } from 'zod';
import { examplesAfter, FrameHistory } from '../conditioning/context/examples.js';
import { errorFactory } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { levelsToBytes, type Levels } from '../foundation/levels.js';
import { pluralize } from '../foundation/pluralize.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { DEFAULT_SEED, expectSeed } from '../foundation/philox.js';
import {
  frameSettings,
  requestedSamplingSchema,
  samplingSettings,
  type SamplingSettings,
} from '../model/sampling-settings.js';
import type { Correction } from './correction.js';
import { sampleIndices, type DrawOptions, type Optional } from './draw.js';
import type { DrawnLevels, FrameSampler } from './frame-sampler.js';

/** Options for forecasting frame after frame. */
export interface ForecastOptions extends Pick<DrawOptions, 'signal'> {
  /** How samples are drawn. Default: none are, and each expected frame follows the one before. */
  draw?:
    | (Pick<DrawOptions, 'seed' | 'samples' | 'onRow'> & { frame: readonly number[]; settings: SamplingSettings })
    | undefined;
  /** For each history the correction of what is shown after it, or null. Default: nothing is corrected. */
  corrections?: readonly (Correction | null)[] | undefined;
}

/** A predicted frame, height x width x channels bytes. */
export interface PredictedFrame {
  /** The frame as it is shown: drawn or expected, and corrected if there is a correction. */
  bytes: Uint8Array;
  /** The expected frame, uncorrected: the mean of predictions over strides; null if the model learns none. */
  expected: Uint8Array | null;
  /** The prediction at each longer stride that leads to the frame (see `SUBSEQUENCES`), in their order. */
  longerStrides: readonly Uint8Array[];
  /** -log P of the frame as it was drawn under the model (at temperature 1), in nats; 0 if nothing is drawn. */
  nats: number;
}

/**
 * Predicts frame after frame, those after several histories side by side, over any horizon. Each is predicted at every
 * stride that leads to it; the expected frame is the mean of these predictions. A sample is drawn about the mean, and
 * the next frames are predicted from both.
 * @param histories stay as they are
 * @throws PxvError `USAGE` if a history has no frame; the signal's reason once it is aborted
 */
export async function* forecast(
  sampler: FrameSampler,
  histories: readonly FrameHistory[],
  { draw, corrections, signal }: ForecastOptions = {},
): AsyncGenerator<PredictedFrame[], never> {
  if (histories.some(({ frames }) => frames === 0)) throw noFrame();
  const futures = histories.map((history) => history.copy());
  const { exampleShape: shape } = sampler.model.chain;
  for (let ahead = 1; ; ahead++) {
    await yieldToEventLoop();
    signal?.throwIfAborted();
    const longerStrides = await predictAtLongerStrides(sampler, futures);
    signal?.throwIfAborted();
    const examples = FrameHistory.examples(futures);
    const frames: DrawnLevels[] = draw
      ? await sampler.draw(examples, {
          ...draw,
          frame: draw.frame.map((first) => first + ahead - 1),
          earlierPixels: draw.settings.carry === 1,
          longerStrides,
          settings: frameSettings(draw.settings, ahead - 1),
          signal,
        })
      : (await sampler.expected(examples, longerStrides)).map((mean) => ({ levels: mean, expected: mean, nats: 0 }));
    for (const [index, frame] of frames.entries()) advance(futures[index], frame, draw?.settings.carry ?? 0);
    yield frames.map(({ levels, expected, nats }, index) => {
      const bytes = levelsToBytes(shape, levels);
      if (expected === null) return { bytes, expected, longerStrides: [], nats };
      const mean = levelsToBytes(shape, expected);
      const longer = longerStrides[index].map((prediction) => levelsToBytes(shape, prediction));
      const shown = corrections?.[index]?.shown(ahead, { mean, longerStrides: longer }, bytes) ?? bytes;
      return { bytes: shown, expected: mean, longerStrides: longer, nats };
    });
  }
}

/** Predicts the next frame of each future at each longer stride that leads to it. */
async function predictAtLongerStrides(sampler: FrameSampler, futures: readonly FrameHistory[]): Promise<Levels[][]> {
  const contexts = futures.map((future) => future.leading().slice(1));
  const predictions = futures.map((): Levels[] => []);
  // Stride after stride, so that no more conditionings run at a time than there are futures.
  for (let at = 0; contexts.some(({ length }) => at < length); at++) {
    const due = [...contexts.keys()].filter((future) => at < contexts[future].length);
    await yieldToEventLoop();
    const given = due.map((future) => contexts[future][at].context);
    const frames = await sampler.expected(examplesAfter(sampler.model.chain.exampleShape, given));
    due.forEach((future, index) => predictions[future].push(frames[index]));
  }
  return predictions;
}

/**
 * Adds a frame: the expected one, and the fraction `carry` of what was drawn beyond it. If that is all, it counts as
 * known.
 */
function advance(future: FrameHistory, { levels, expected }: DrawnLevels, carry: number): void {
  if (carry === 1 || expected === null) future.addKnown(levels);
  else future.addExpected(levels.map((level, at) => Math.round(expected[at] + carry * (level - expected[at]))));
}

function noFrame(): Error {
  const remedy = "push the clip's last frames into it first";
  return errorFactory('USAGE', 'predict')('history', 'one frame at least', 'none', remedy);
}

const SOURCE = { operation: 'roll out', argument: 'options', code: 'USAGE' } as const;

/** Options for drawing samples frame after frame. */
export interface RollOutOptions extends Optional<'seed' | 'samples' | 'frame' | 'onRow' | 'signal'> {
  /** Temperature of the first frame. Default: that of `samplingSettings`, as are all other settings. */
  settings?: { temperature?: number | undefined } | undefined;
  /**
   * Correction of each sample, or null (see `learnCorrection`): drawn frames are shifted as the expected ones are. The
   * frames after them are predicted as without, and `nats` stay those of what was drawn. With a `carry` of 1 nothing is
   * corrected. Default: nothing is.
   */
  corrections?: ForecastOptions['corrections'];
}

const index = z.int().min(0);
const rollOutSchema: z.ZodType<RollOutOptions> = z.strictObject({
  seed: z.union([z.number(), z.bigint()]).optional(),
  samples: z
    .union([z.int().min(1), z.array(index).min(1).readonly()], 'expected how many, or a list of them')
    .optional(),
  frame: z.union([index, z.array(index).readonly()], 'expected one index, or one for each sample').optional(),
  settings: requestedSamplingSchema.optional(),
  corrections: z
    .array(z.custom<Correction | null>((value) => typeof value === 'object'))
    .readonly()
    .optional(),
  onRow: z.custom<(fraction: number) => void>((value) => typeof value === 'function', 'expected a function').optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

/**
 * Draws frame after frame, that of every sample at once, over any horizon (see `forecast`).
 * @param history known frames before the first predicted one: one history for all samples, or one for each
 * @param options default: one sample for each history, from the frame after its last, with seed 1
 * @throws PxvError `USAGE` if an option is unknown or out of its range, or has no meaning for the model
 */
export function rollOut(
  sampler: FrameSampler,
  history: FrameHistory | readonly FrameHistory[],
  options: RollOutOptions = {},
): AsyncGenerator<PredictedFrame[], never> {
  const parsed = parseConfiguration(rollOutSchema, options, SOURCE);
  const histories = history instanceof FrameHistory ? [history] : history;
  const { seed = DEFAULT_SEED, onRow, signal } = parsed;
  expectSeed(seed);
  const samples = sampleIndices(parsed.samples ?? histories.length);
  const known = forEach('histories', histories, samples);
  const { frame = known.map(({ frames }) => frames) } = parsed;
  const frames = forEach('frame', typeof frame === 'number' ? [frame] : frame, samples);
  const settings = samplingSettings(sampler.model, parsed.settings);
  const corrections = forEach('corrections', (settings.carry < 1 && parsed.corrections) || [null], samples);
  return forecast(sampler, known, { draw: { seed, samples, frame: frames, settings, onRow }, corrections, signal });
}

/** Returns one value for each sample, of one for each or one for all. */
function forEach<T>(argument: string, values: readonly T[], samples: readonly unknown[]): readonly T[] {
  if (values.length === samples.length) return values;
  if (values.length === 1) return samples.map(() => values[0]);
  const expected = `one, or one for each of ${pluralize(samples.length, 'sample')}`;
  throw errorFactory('USAGE', SOURCE.operation)(argument, expected, `${values.length}`, 'give as many as samples');
}

/** Options for the best guess. */
export interface BestGuess extends Pick<DrawOptions, 'signal'> {
  /** Correction of the expected frames; the frames after them are predicted as without. Default: none. */
  correction?: Correction | null | undefined;
}

/**
 * Predicts the best guess: frame after frame the expected one, over any horizon (see `forecast`).
 * @returns height x width x channels bytes of each frame
 * @throws PxvError `USAGE`, once a frame is asked for, if the history has none, the model learns no expected frame, or
 *   the correction was learned at other strides; the signal's reason once it is aborted
 */
export async function* bestGuess(
  sampler: FrameSampler,
  history: FrameHistory,
  { correction = null, signal }: BestGuess = {},
): AsyncGenerator<Uint8Array, never> {
  const steps = forecast(sampler, [history], { corrections: [correction], signal });
  for (;;) yield (await steps.next()).value[0].bytes;
}
