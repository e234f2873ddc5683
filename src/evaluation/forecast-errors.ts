import type { Frame } from '../foundation/frame.js';
import { forecastNames, forecasts, type ForecastInput, type ForecastName } from './forecasts.js';
import { frameMetric, type FrameMetricName } from './frame-metrics.js';
import { isLargeEnoughForSsim, meanAbsoluteDifference, meanSquaredError, ssim } from './metrics.js';

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

/**
 * Measures the errors of every kind of forecast on a clip, as means over its starts.
 * @param predicted known, true and predicted frames at each start; at least one
 */
export function measureErrors(predicted: readonly ForecastInput[]): Omit<ClipForecasts, 'starts'> {
  const kinds = forecastNames(predicted[0]).map((name) => [name, errorsOf(forecasts[name].futures, predicted)]);
  return {
    trueChange: meanByHorizon(predicted.map(({ known, truth }) => changes(known, truth))),
    kinds: Object.fromEntries(kinds) as ClipForecasts['kinds'],
  };
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

/** Metrics by kind of forecast, each by frame of the horizon. */
export type MeasuredForecasts = Partial<Record<ForecastName, Partial<Record<FrameMetricName, number[]>>>>;

/** Kinds of forecast that published evaluations score, in the order of tables. */
const measuredKinds: readonly ForecastName[] = ['last-frame', 'best-guess', 'sample', 'mean', 'best'];

/**
 * Measures the forecasts from one start: the last frame repeated, the best guess if there is one, the mean over samples
 * of their metrics, and for more than one sample the mean frame and the best sample. The best sample is another for
 * each metric: that with the best mean over the horizon, as in the evaluations of SVG and SRVP.
 */
export function measureForecasts(at: ForecastInput, metrics: readonly FrameMetricName[]): MeasuredForecasts {
  const available = forecastNames(at);
  const kinds = measuredKinds.filter((kind) => available.includes(kind));
  const measured: MeasuredForecasts = Object.fromEntries(kinds.map((kind) => [kind, {}]));
  for (const name of metrics) {
    const measure = (futures: readonly Frame[][]) =>
      futures.map((frames) => frames.map((frame, h) => frameMetric(name).measure(at.truth[h], frame)));
    const ofSamples = measure(at.drawn);
    for (const kind of kinds) {
      const values =
        kind === 'best'
          ? bestOf(ofSamples, name)
          : kind === 'sample'
            ? ofSamples
            : measure(forecasts[kind].futures(at));
      measured[kind]![name] = meanByHorizon(values);
    }
  }
  return measured;
}

/** Returns a list of the one list of values whose mean is best. */
function bestOf(values: readonly number[][], name: FrameMetricName): number[][] {
  const sign = frameMetric(name).isLowerBetter ? -1 : 1;
  const scores = values.map((list) => sign * list.reduce((sum, value) => sum + value, 0));
  return [values[scores.indexOf(Math.max(...scores))]];
}

/** Returns the mean over lists of equal length, index by index. */
export function meanByHorizon(lists: readonly number[][]): number[] {
  return lists[0].map((_, h) => lists.reduce((sum, list) => sum + list[h], 0) / lists.length);
}
