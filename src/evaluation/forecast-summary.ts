import { meanByHorizon, type ClipForecasts } from './forecast-score.js';
import type { ForecastName } from './forecasts.js';
import { psnrOfError } from './metrics.js';
import { computeMean } from './statistics.js';

/** Means over clips, with standard errors; a standard error over one clip is NaN. @inline */
export interface MeanOverClips {
  mean: number[];
  standardError: number[];
}

/** Returns the mean and standard error over clips, index by index. @param clips lists of equal length, at least one */
export function meanOverClips(clips: readonly number[][]): MeanOverClips {
  const means = clips[0].map((_, index) => computeMean(clips.map((clip) => clip[index])));
  return { mean: means.map(({ mean }) => mean), standardError: means.map(({ standardError }) => standardError) };
}

/** Errors of one kind of forecast over several clips, by frame of the horizon; every clip has the same weight. */
export interface ForecastSummary {
  /** Mean squared error in squared levels. */
  meanSquaredError: number[];
  /** Mean PSNR in dB over clips, each from the clip's mean squared error (see `cappedPsnr`). */
  psnr: number[];
  /** Mean SSIM over the clips with frames of at least 11 x 11 pixels; null if no clip has such frames. */
  ssim: number[] | null;
  /** Gain in PSNR in dB over the last frame repeated: mean over clips. */
  gain: MeanOverClips;
  /** Number of clips with a gain above 0. */
  wins: number[];
  /** Mean absolute change from the previous frame, in levels. */
  change: number[];
  /** Ratio of `change` to the change of the true frames; NaN or Infinity if the true frames do not change. */
  changeRatio: number[];
}

/** Errors of all kinds of forecast over several clips. */
export interface ForecastsSummary {
  /** Number of clips with forecasts. */
  clips: number;
  /** Number of starts over all clips. */
  starts: number;
  /** Mean absolute change of the true frames from the previous frame in levels, by frame of the horizon. */
  trueChange: number[];
  /** Errors by kind of forecast. */
  kinds: Partial<Record<ForecastName, ForecastSummary>>;
}

/** Maximum PSNR in dB: above it, less than one sub-pixel in fifteen is wrong by one level. */
const MAX_DECIBELS = 60;

/**
 * Returns the PSNR in dB of a clip's mean squared error, at most 60. The limit keeps a clip without motion from
 * dominating the mean over clips.
 */
export function cappedPsnr(meanSquaredError: number): number {
  return Math.min(MAX_DECIBELS, psnrOfError(meanSquaredError));
}

/** Summarises the errors of forecasts over clips. @param clips at least one; all with the same horizon and kinds */
export function summariseForecasts(clips: readonly ClipForecasts[]): ForecastsSummary {
  const trueChange = meanByHorizon(clips.map((clip) => clip.trueChange));
  const errorsOf = (name: ForecastName) => clips.map(({ kinds }) => kinds[name]!);
  const decibelsOf = (name: ForecastName) =>
    errorsOf(name).map(({ meanSquaredError }) => meanSquaredError.map(cappedPsnr));
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
