import { z } from 'zod';
import { examplesAfter, FrameHistory } from '../conditioning/context/examples.js';
import { errorFactory } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { levelsToBytes, type ImageShape, type Levels } from '../foundation/levels.js';
import { pluralize } from '../foundation/pluralize.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import { DEFAULT_SEED, assertSeed } from '../foundation/philox.js';
import {
  frameSettings,
  requestedSamplingSchema,
  samplingSettings,
  type SamplingSettings,
} from '../model/sampling-settings.js';
import type { Correction } from './correction.js';
import { DetailRestoration } from './detail-restoration.js';
import { sampleIndices, type DrawOptions } from './draw.js';
import type { DrawnLevels, FrameSampler } from './frame-sampler.js';

/**
 * Options for predicting frame after frame from several histories. `draw.samples` and `draw.frame` are for each
 * history: the index of its sample, and the index in the clip of its first predicted frame.
 */
export interface ForecastOptions extends Pick<DrawOptions, 'signal'> {
  /** Options for drawing samples. Default: none is drawn, and expected frames are predicted from expected frames. */
  draw?:
    | (Pick<DrawOptions, 'seed' | 'samples' | 'onRow'> & { frame: readonly number[]; settings: SamplingSettings })
    | undefined;
  /** Correction of the returned frames for each history, or null. Default: nothing is corrected. */
  corrections?: readonly (Correction | null)[] | undefined;
}

/** Predicted frame, height x width x channels bytes. */
export interface PredictedFrame {
  /**
   * Expected frame, or drawn frame with its detail restored (see `DetailRestoration`) if `carry` is below 1; corrected
   * before if there is a correction.
   */
  bytes: Uint8Array;
  /** Drawn or expected frame, before correction and restoration. */
  drawn: Uint8Array;
  /** Expected frame, uncorrected: the mean of the predictions at all strides; null if the model predicts none. */
  expected: Uint8Array | null;
  /**
   * Prediction at each longer stride that leads to the frame (see `leadsTo`), in the order of `SUBSEQUENCES`; empty if
   * `expected` is null.
   */
  longerStrides: readonly Uint8Array[];
  /** -log P of `drawn` under the model at temperature 1, in nats; 0 if nothing is drawn. */
  nats: number;
}

/**
 * Yields the next frames of several histories, one frame of each a step, without end. The expected frame is the mean of
 * the predictions at every stride that leads to the frame. A sample is drawn about the expected frame, and later frames
 * are predicted from a mix of both (see `carry`).
 * @param histories known frames; left unchanged
 * @throws PxvError `USAGE` if a history is empty, a model without expected frames draws nothing, or a correction was
 *   fitted at other strides; `CHECKPOINT` if probabilities are not finite; the signal's reason if aborted
 */
export async function* forecast(
  sampler: FrameSampler,
  histories: readonly FrameHistory[],
  { draw, corrections, signal }: ForecastOptions = {},
): AsyncGenerator<PredictedFrame[], never> {
  if (histories.some(({ frames }) => frames === 0)) throw noFrame();
  const futures = histories.map((history) => history.copy());
  const { exampleShape: shape } = sampler.model.chain;
  const restorations = draw !== undefined && draw.settings.carry < 1 ? detailRestorations(shape, histories) : null;
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
      : (await sampler.predict(examples, longerStrides)).map((mean) => {
          return { levels: mean, expected: mean, nats: 0 };
        });
    for (const [index, frame] of frames.entries()) advance(futures[index], frame, draw?.settings.carry ?? 0);
    yield frames.map(({ levels, expected, nats }, index) => {
      const drawn = levelsToBytes(shape, levels);
      if (expected === null) return { bytes: drawn.slice(), drawn, expected, longerStrides: [], nats };
      const mean = levelsToBytes(shape, expected);
      const longer = longerStrides[index].map((prediction) => levelsToBytes(shape, prediction));
      const correction = corrections?.[index];
      const [ofDrawn, ofMean] = [drawn, mean].map(
        (frame) => correction?.applyTo(ahead, { mean, longerStrides: longer }, frame) ?? frame,
      );
      const shown = restorations?.[index].restore(ahead, ofDrawn, ofMean) ?? ofDrawn.slice();
      return { bytes: shown, drawn, expected: mean, longerStrides: longer, nats };
    });
  }
}

/** Returns a restoration of detail for each history, the same for the same history. */
function detailRestorations(shape: ImageShape, histories: readonly FrameHistory[]): DetailRestoration[] {
  const made = new Map<FrameHistory, DetailRestoration>();
  for (const history of new Set(histories)) {
    const [last, before = last] = history.lastFrames.slice(-2).reverse();
    made.set(history, new DetailRestoration(shape, levelsToBytes(shape, last), levelsToBytes(shape, before)));
  }
  return histories.map((history) => made.get(history)!);
}

/** Returns predictions of the next frame of each history at each longer stride that leads to the frame. */
async function predictAtLongerStrides(sampler: FrameSampler, futures: readonly FrameHistory[]): Promise<Levels[][]> {
  const contexts = futures.map((future) => future.leading().slice(1));
  const predictions = futures.map((): Levels[] => []);
  // Stride after stride, so that no more conditionings run at a time than there are histories.
  for (let at = 0; contexts.some(({ length }) => at < length); at++) {
    const due = [...contexts.keys()].filter((future) => at < contexts[future].length);
    await yieldToEventLoop();
    const given = due.map((future) => contexts[future][at].context);
    const frames = await sampler.predict(examplesAfter(sampler.model.chain.exampleShape, given));
    due.forEach((future, index) => predictions[future].push(frames[index]));
  }
  return predictions;
}

/**
 * Adds to a history the expected frame plus the fraction `carry` of the draw's deviation from it. If `carry` is 1 or no
 * frame is expected, adds the drawn frame as known.
 */
function advance(future: FrameHistory, { levels, expected }: DrawnLevels, carry: number): void {
  if (carry === 1 || expected === null) future.addKnown(levels);
  else future.addExpected(levels.map((level, at) => Math.round(expected[at] + carry * (level - expected[at]))));
}

function noFrame(): Error {
  const remedy = 'add the last frames of the clip first';
  return errorFactory('USAGE', 'predict')('history', 'one frame at least', 'none', remedy);
}

const SOURCE = { operation: 'roll out', argument: 'options', code: 'USAGE' } as const;

/** Random numbers are of 32-bit indices. */
const index = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

/** Schema of the options of `rollOut`. */
const rollOutSchema = z.strictObject({
  /** Seed of all random numbers, 0 to 2^64 - 1. Default: 1. */
  seed: z.union([z.number(), z.bigint()]).optional(),
  /** Number of samples, with indices from 0, or the index of each sample. Default: one for each history. */
  samples: z
    .union(
      [z.int().min(1), z.array(index).min(1).readonly()],
      'expected a number of samples, or a list of their indices',
    )
    .optional(),
  /** Index in the clip of the first frame to draw: one for all samples, or one for each. Default: the next frame's. */
  frame: z.union([index, z.array(index).readonly()], 'expected one index, or one for each sample').optional(),
  /** Temperature of the first frame. Default: that of `samplingSettings`, as are all other settings. */
  settings: requestedSamplingSchema.optional(),
  /**
   * Correction of each sample, or null (see `learnCorrection`): the difference that it makes to the expected frame is
   * added to the drawn frame. Later frames and `nats` do not depend on the correction. Ignored if the model's `carry`,
   * the fraction of a draw's deviation that later frames are predicted from, is 1. Default: none.
   */
  corrections: z
    .array(z.custom<Correction | null>((value) => typeof value === 'object'))
    .readonly()
    .optional(),
  /** Progress callback: receives, after each row of each scale, the fraction of sub-pixels done, 0 to 1. */
  onRow: z.custom<(fraction: number) => void>((value) => typeof value === 'function', 'expected a function').optional(),
  /** Signal that aborts the draw after the current row: the draw rejects with the signal's reason. */
  signal: z.instanceof(AbortSignal).optional(),
});

/** Options for drawing rollouts. @interface */
export type RollOutOptions = z.input<typeof rollOutSchema>;

/**
 * Draws rollouts: yields one frame of every sample a step, without end (see `forecast`).
 * @param history known frames before the first predicted one: one history for all samples, or one for each
 * @param options default: one sample for each history, from the frame after its last, with seed 1
 * @throws PxvError `USAGE` if an option is unknown or out of its range, or has no meaning for the model; `INPUT` if the
 *   seed is invalid; the iteration throws as `forecast`
 */
export function rollOut(
  sampler: FrameSampler,
  history: FrameHistory | readonly FrameHistory[],
  options: RollOutOptions = {},
): AsyncGenerator<PredictedFrame[], never> {
  const parsed = parseConfiguration(rollOutSchema, options, SOURCE);
  const histories = history instanceof FrameHistory ? [history] : history;
  const { seed = DEFAULT_SEED, onRow, signal } = parsed;
  assertSeed(seed);
  const samples = sampleIndices(parsed.samples ?? histories.length);
  const known = forEach('histories', histories, samples);
  const { frame = known.map(({ frames }) => frames) } = parsed;
  const frames = forEach('frame', typeof frame === 'number' ? [frame] : frame, samples);
  const settings = samplingSettings(sampler.model, parsed.settings);
  const corrections = forEach('corrections', (settings.carry < 1 && parsed.corrections) || [null], samples);
  return forecast(sampler, known, { draw: { seed, samples, frame: frames, settings, onRow }, corrections, signal });
}

/** Returns one value for each sample, from one for each or one for all. */
function forEach<T>(argument: string, values: readonly T[], samples: readonly unknown[]): readonly T[] {
  if (values.length === samples.length) return values;
  if (values.length === 1) return samples.map(() => values[0]);
  const expected = `one, or one for each of ${pluralize(samples.length, 'sample')}`;
  throw errorFactory('USAGE', SOURCE.operation)(argument, expected, `${values.length}`, 'give one for each sample');
}

/** Options for predicting the best guess, the rollout of expected frames. */
export interface BestGuess extends Pick<DrawOptions, 'signal'> {
  /** Correction of the returned frames; later frames do not depend on the correction. Default: none. */
  correction?: Correction | null | undefined;
}

/**
 * Yields the best guess, the rollout of expected frames after `history`, without end (see `forecast`).
 * @returns height x width x channels bytes of each frame
 * @throws PxvError `USAGE`, when the first frame is requested, if `history` is empty, the model predicts no expected
 *   frame, or the correction was fitted at other strides; the signal's reason if aborted
 */
export async function* bestGuess(
  sampler: FrameSampler,
  history: FrameHistory,
  { correction = null, signal }: BestGuess = {},
): AsyncGenerator<Uint8Array, never> {
  const steps = forecast(sampler, [history], { corrections: [correction], signal });
  for (;;) yield (await steps.next()).value[0].bytes;
}
