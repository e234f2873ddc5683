import type { Frame } from '../foundation/frame.js';
import type { Model } from '../model/checkpoint.js';
import type { Past } from '../model/past.js';
import type { Correction } from '../sampling/correction.js';
import { expectsFrame } from '../model/future-drawing.js';
import type { FrameSampler } from '../sampling/frame-sampler.js';
import { bestGuess, frameOf, rollOut, type BestGuess, type RollOutOptions } from '../sampling/roll-out.js';
import { forecastNames, forecasts, type Forecastable, type ForecastName } from './forecasts.js';
import { fitsSsim, meanAbsoluteDifference, meanSquaredError, ssim } from './metrics.js';
import type { Start } from './starts.js';

/** How one kind of forecast fares on a clip, by frame of the horizon: means over the clip's starts. */
export interface ForecastErrors {
  /** In levels squared. */
  meanSquaredError: number[];
  /** Null where the frames are too small for it. */
  ssim: number[] | null;
  /** Mean absolute change from the frame before, in levels; before the first stands the last known frame. */
  change: number[];
}

export interface ClipForecasts {
  /** Indices in the clip of the first predicted frames. */
  starts: number[];
  /** Of the true frames; see ForecastErrors. */
  trueChange: number[];
  kinds: Partial<Record<ForecastName, ForecastErrors>>;
}

export interface ForecastOptions extends Pick<RollOutOptions, 'seed' | 'settings' | 'signal'> {
  horizon: number;
  /** Futures to draw at each start. */
  samples: number;
  /** Most futures drawn side by side; no figure depends on it. Default: FUTURES_TOGETHER. */
  together?: number;
  /** For each start how forecasts are corrected, null where they are not. Default: none is. */
  corrections?: readonly (Correction | null)[];
  /** Called after each row that is drawn with the frames finished, as a fraction, of all that are drawn. */
  onProgress?: (frames: number) => void;
}

/** Futures drawn side by side, whatever starts they belong to: enough for the threads, and little memory. */
export const FUTURES_TOGETHER = 16;

/**
 * Predicts frames from some starts of a clip by every kind of forecast, and compares them with the truth.
 *
 * @throws the signal's reason once it is aborted, looked at after each row that is drawn and before each guess
 */
export async function scoreForecasts(
  sampler: FrameSampler,
  model: Model,
  starts: readonly Start[],
  options: ForecastOptions,
): Promise<ClipForecasts> {
  const { samples, horizon, signal, corrections = starts.map(() => null) } = options;
  const guesses = expectsFrame(model);
  const drawn = await drawFutures(sampler, model, starts, corrections, options);
  const at: Forecastable[] = [];
  for (const [index, { known, truth, past }] of starts.entries()) {
    const guessing = { correction: corrections[index], signal };
    const guess = guesses ? await guessFuture(sampler, model, past, horizon, guessing) : null;
    at.push({ known, truth, drawn: drawn[index], guess });
  }
  const kinds = forecastNames({ samples, guesses }).map((name) => [name, errorsOf(forecasts[name].futures, at)]);
  return {
    starts: starts.map(({ first }) => first),
    trueChange: meanByHorizon(starts.map(({ known, truth }) => changes(known, truth))),
    kinds: Object.fromEntries(kinds) as ClipForecasts['kinds'],
  };
}

/** The futures of each start, one a sample. A sample is the one that is drawn there alone. */
async function drawFutures(
  sampler: FrameSampler,
  model: Model,
  starts: readonly Start[],
  corrections: readonly (Correction | null)[],
  { seed, settings, signal, horizon, samples, together: most = FUTURES_TOGETHER, onProgress }: ForecastOptions,
): Promise<Frame[][][]> {
  const drawn = starts.map(() => Array.from({ length: samples }, (): Frame[] => []));
  const futures = starts.flatMap((start, index) =>
    drawn[index].map((frames, sample) => ({ ...start, correction: corrections[index], sample, frames })),
  );
  let done = 0;
  for (let from = 0; from < futures.length; from += most) {
    const together = futures.slice(from, from + most);
    const steps = rollOut(
      sampler,
      together.map(({ past }) => past),
      {
        seed,
        samples: together.map(({ sample }) => sample),
        first: together.map(({ first }) => first),
        settings,
        corrections: together.map(({ correction }) => correction),
        onRow: (share) => onProgress?.(done + share * together.length),
        signal,
      },
    );
    for (let step = 0; step < horizon; step++) {
      const { value } = await steps.next();
      together.forEach(({ frames }, future) => frames.push(frameOf(model, value[future].bytes)));
      done += together.length;
    }
  }
  return drawn;
}

async function guessFuture(
  sampler: FrameSampler,
  model: Model,
  past: Past,
  horizon: number,
  guessing: BestGuess,
): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const bytes of bestGuess(sampler, past, guessing)) {
    frames.push(frameOf(model, bytes));
    if (frames.length === horizon) break;
  }
  return frames;
}

function errorsOf(
  futuresOf: (at: Forecastable) => readonly Frame[][],
  starts: readonly Forecastable[],
): ForecastErrors {
  const measured = starts.flatMap((start) => {
    const futures = futuresOf(start);
    return futures.map((future) => ({
      squares: future.map((frame, h) => meanSquaredError(start.truth[h], frame)),
      ssim: future.map((frame, h) => (fitsSsim(frame) ? ssim(start.truth[h], frame) : NaN)),
      change: changes(start.known, future),
    }));
  });
  return {
    meanSquaredError: meanByHorizon(measured.map(({ squares }) => squares)),
    ssim: fitsSsim(starts[0].truth[0]) ? meanByHorizon(measured.map((one) => one.ssim)) : null,
    change: meanByHorizon(measured.map(({ change }) => change)),
  };
}

function changes(known: readonly Frame[], future: readonly Frame[]): number[] {
  return future.map((frame, h) => meanAbsoluteDifference(future[h - 1] ?? known[known.length - 1], frame));
}

/** Means over the first index, of lists of one length. */
export function meanByHorizon(lists: readonly number[][]): number[] {
  return lists[0].map((_, h) => lists.reduce((sum, list) => sum + list[h], 0) / lists.length);
}
