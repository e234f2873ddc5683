import type { Frame } from '../foundation/frame.js';
import { frameOf, type Model } from '../model/model.js';
import type { Correction } from '../sampling/correction.js';
import { expectsFrame } from '../model/description.js';
import type { FrameSampler } from '../sampling/frame-sampler.js';
import { forecast, rollOut, type RollOutOptions } from '../sampling/forecaster.js';
import { forecastNames, forecasts, type ForecastInput, type ForecastName } from './forecasts.js';
import { isLargeEnoughForSsim, meanAbsoluteDifference, meanSquaredError, ssim } from './metrics.js';
import type { ForecastStart } from './forecast-starts.js';

/** Errors of one kind of forecast on a clip, by frame of the horizon: means over the clip's starts. */
export interface ForecastErrors {
  /** Mean squared error in squared levels. */
  meanSquaredError: number[];
  /** Mean SSIM; null if frames are smaller than 11 x 11 pixels. */
  ssim: number[] | null;
  /** Mean absolute change from the previous frame in levels; the first frame is compared with the last known frame. */
  change: number[];
}

/** Errors of all kinds of forecast on a clip. */
export interface ClipForecasts {
  /** Index in the clip of the first predicted frame of each start. */
  starts: number[];
  /** Mean absolute change of the true frames, as `ForecastErrors.change`. */
  trueChange: number[];
  /** Errors by kind of forecast. */
  kinds: Partial<Record<ForecastName, ForecastErrors>>;
}

/** Options for `scoreForecasts`. */
export interface ForecastScoringOptions extends Pick<RollOutOptions, 'seed' | 'settings' | 'signal'> {
  /** Number of frames to predict after each start. */
  horizon: number;
  /** Number of samples to draw at each start. */
  samples: number;
  /** Maximum batch size of samples; no result depends on it. Default: SAMPLES_PER_BATCH. */
  batchSize?: number;
  /** Correction of expected frames for each start, learned from hindcasts; null: none. Default: no corrections. */
  corrections?: readonly (Correction | null)[];
  /** Called after each drawn row with the number of drawn frames over all samples, with fractions. */
  onProgress?: (frames: number) => void;
}

/** Default batch size of samples, across starts: enough for all threads, with little memory. */
export const SAMPLES_PER_BATCH = 16;

/**
 * Predicts frames from several starts of a clip by every kind of forecast, and compares them with the true frames.
 * @throws PxvError `CHECKPOINT` if probabilities are not finite; the signal's reason if aborted, checked after each
 *   drawn row and before each best guess
 */
export async function scoreForecasts(
  sampler: FrameSampler,
  model: Model,
  starts: readonly ForecastStart[],
  options: ForecastScoringOptions,
): Promise<ClipForecasts> {
  const at = await predictFromStarts(sampler, model, starts, options);
  const asked = { samples: options.samples, guesses: expectsFrame(model) };
  const kinds = forecastNames(asked).map((name) => [name, errorsOf(forecasts[name].futures, at)]);
  return {
    starts: starts.map(({ first }) => first),
    trueChange: meanByHorizon(starts.map(({ known, truth }) => changes(known, truth))),
    kinds: Object.fromEntries(kinds) as ClipForecasts['kinds'],
  };
}

/**
 * Predicts frames from several starts of a clip: samples, and the best guess if the model learns an expected frame.
 * Returns the predictions of each start beside the known and the true frames.
 * @throws the signal's reason as `scoreForecasts`
 */
export async function predictFromStarts(
  sampler: FrameSampler,
  model: Model,
  starts: readonly ForecastStart[],
  options: ForecastScoringOptions,
): Promise<ForecastInput[]> {
  const { samples, seed, settings, signal, onProgress, corrections = starts.map(() => null) } = options;
  const guesses = expectsFrame(model);
  const each = starts.map((start, index) => ({ ...start, correction: corrections[index] }));
  const historiesOf = (some: typeof each) => some.map(({ history }) => history);
  const correctionsOf = (some: typeof each) => some.map(({ correction }) => correction);
  // Each sample is the same as if it were drawn alone.
  const wanted = each.flatMap((start) => Array.from({ length: samples }, (_, sample) => ({ ...start, sample })));
  const drawn = await futuresAfter(model, wanted, options, (some, done) =>
    rollOut(sampler, historiesOf(some), {
      seed,
      settings,
      corrections: correctionsOf(some),
      signal,
      samples: some.map(({ sample }) => sample),
      frame: some.map(({ first }) => first),
      onRow: (share) => onProgress?.(done() + share * some.length),
    }),
  );
  const guessed = await futuresAfter(model, guesses ? each : [], options, (some) =>
    forecast(sampler, historiesOf(some), { corrections: correctionsOf(some), signal }),
  );
  return starts.map(({ known, truth }, index) => {
    const own = drawn.slice(index * samples, (index + 1) * samples);
    return { known, truth, drawn: own, guess: guesses ? guessed[index] : null };
  });
}

/** Returns the frames of the horizon of each rollout, predicted in batches of at most `options.batchSize`. */
async function futuresAfter<Future>(
  model: Model,
  futures: readonly Future[],
  { horizon, batchSize = SAMPLES_PER_BATCH }: ForecastScoringOptions,
  predict: (batch: Future[], done: () => number) => AsyncGenerator<{ bytes: Uint8Array }[], never>,
): Promise<Frame[][]> {
  const made: Frame[][] = [];
  let done = 0;
  for (let from = 0; from < futures.length; from += batchSize) {
    const batch = futures.slice(from, from + batchSize);
    const frames: Frame[][] = batch.map(() => []);
    const steps = predict(batch, () => done);
    for (let step = 0; step < horizon; step++) {
      const { value } = await steps.next();
      value.forEach(({ bytes }, future) => frames[future].push(frameOf(model, bytes)));
      done += batch.length;
    }
    made.push(...frames);
  }
  return made;
}

function errorsOf(futuresOf: (at: ForecastInput) => readonly Frame[][], starts: readonly ForecastInput[]) {
  const futures = starts.flatMap((start) => futuresOf(start).map((frames) => ({ ...start, frames })));
  const meanOf = (measure: (truth: Frame, predicted: Frame) => number) =>
    meanByHorizon(futures.map(({ truth, frames }) => frames.map((frame, h) => measure(truth[h], frame))));
  return {
    meanSquaredError: meanOf(meanSquaredError),
    ssim: isLargeEnoughForSsim(starts[0].truth[0]) ? meanOf(ssim) : null,
    change: meanByHorizon(futures.map(({ known, frames }) => changes(known, frames))),
  };
}

function changes(known: readonly Frame[], future: readonly Frame[]): number[] {
  return future.map((frame, h) => meanAbsoluteDifference(future[h - 1] ?? known[known.length - 1], frame));
}

/** Returns the mean over lists of equal length, index by index. */
export function meanByHorizon(lists: readonly number[][]): number[] {
  return lists[0].map((_, h) => lists.reduce((sum, list) => sum + list[h], 0) / lists.length);
}
