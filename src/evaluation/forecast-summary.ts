import { meanByHorizon, type ClipForecasts } from './forecast-score.js';
import type { ForecastName } from './forecasts.js';
import { decibels } from './metrics.js';
import { computeMean } from './statistics.js';

/** Means over clips, with their standard errors; NaN for one clip. */
export interface MeanOverClips {
  mean: number[];
  standardError: number[];
}

/** @param clips at least one; lists of one length */
export function meanOverClips(clips: readonly number[][]): MeanOverClips {
  const means = clips[0].map((_, index) => computeMean(clips.map((clip) => clip[index])));
  return { mean: means.map(({ mean }) => mean), standardError: means.map(({ standardError }) => standardError) };
}

/** How one kind of forecast fares over clips, by frame of the horizon; every clip weighs the same. */
export interface ForecastSummary {
  /** In levels squared. */
  meanSquaredError: number[];
  /** Mean over clips of the decibels of each clip's mean squared error: see `clipDecibels`. */
  psnr: number[];
  /** Mean over the clips whose frames are not too small for it; null where those of all are. */
  ssim: number[] | null;
  /** Decibels more than the last frame repeated: mean over clips. */
  gain: MeanOverClips;
  /** On how many clips it has more decibels than the last frame repeated. */
  wins: number[];
  /** Mean absolute change from the frame before, in levels. */
  change: number[];
  /** The same over that of the true frames; NaN where these do not change. */
  changeRatio: number[];
}

export interface ForecastsSummary {
  clips: number;
  /** Over all clips. */
  starts: number;
  /** Mean absolute change of the true frames from the frame before, in levels, by frame of the horizon. */
  trueChange: number[];
  kinds: Partial<Record<ForecastName, ForecastSummary>>;
}

/** An error of less cannot be told from none: one sub-pixel in fifteen is wrong by one level. */
const MOST_DECIBELS = 60;

/** Decibels of a clip's mean squared error, at most 60, so that a clip in which nothing moves does not count for all. */
export function clipDecibels(meanSquaredError: number): number {
  return Math.min(MOST_DECIBELS, decibels(meanSquaredError));
}

/** @param clips at least one, all of one horizon and with the same kinds of forecast */
export function summariseForecasts(clips: readonly ClipForecasts[]): ForecastsSummary {
  const trueChange = meanByHorizon(clips.map((clip) => clip.trueChange));
  const errorsOf = (name: ForecastName) => clips.map(({ kinds }) => kinds[name]!);
  const decibelsOf = (name: ForecastName) =>
    errorsOf(name).map(({ meanSquaredError }) => meanSquaredError.map(clipDecibels));
  const lastFrame = decibelsOf('last-frame');
  const summary = (name: ForecastName): ForecastSummary => {
    const errors = errorsOf(name);
    const psnr = decibelsOf(name);
    const gains = psnr.map((clip, index) => clip.map((value, h) => value - lastFrame[index][h]));
    const change = meanByHorizon(errors.map((clip) => clip.change));
    const similarities = errors.flatMap(({ ssim }) => (ssim === null ? [] : [ssim]));
    return {
      meanSquaredError: meanByHorizon(errors.map((clip) => clip.meanSquaredError)),
      psnr: meanByHorizon(psnr),
      ssim: similarities.length === 0 ? null : meanByHorizon(similarities),
      gain: meanOverClips(gains),
      wins: trueChange.map((_, h) => gains.filter((clip) => clip[h] > 0).length),
      change,
      changeRatio: change.map((value, h) => value / trueChange[h]),
    };
  };
  const names = Object.keys(clips[0].kinds) as ForecastName[];
  return {
    clips: clips.length,
    starts: clips.reduce((sum, clip) => sum + clip.starts.length, 0),
    trueChange,
    kinds: Object.fromEntries(names.map((name) => [name, summary(name)])),
  };
}
