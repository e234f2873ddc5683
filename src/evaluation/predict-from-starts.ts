import type { Frame } from '../foundation/frame.js';
import { expectsFrame } from '../model/description.js';
import { frameOf, type Model } from '../model/model.js';
import type { Correction } from '../sampling/correction.js';
import { forecast, rollOut, type RollOutOptions } from '../sampling/forecaster.js';
import type { FrameSampler } from '../sampling/frame-sampler.js';
import type { ForecastStart } from './forecast-starts.js';
import type { ForecastInput } from './forecasts.js';

/** Options for `predictFromStarts`. */
export interface StartPredictionOptions extends Pick<RollOutOptions, 'seed' | 'settings' | 'signal'> {
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
 * Predicts frames from several starts of a clip: samples, and the best guess if the model learns an expected frame.
 * Returns the predictions of each start beside the known and the true frames.
 * @throws PxvError `CHECKPOINT` if probabilities are not finite; the signal's reason if aborted, checked after each
 *   drawn row and before each best guess
 */
export async function predictFromStarts(
  sampler: FrameSampler,
  model: Model,
  starts: readonly ForecastStart[],
  options: StartPredictionOptions,
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
  { horizon, batchSize = SAMPLES_PER_BATCH }: StartPredictionOptions,
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
