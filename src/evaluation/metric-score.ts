import type { Frame } from '../foundation/frame.js';
import { meanByHorizon } from './forecast-score.js';
import { forecastNames, forecasts, type ForecastInput, type ForecastName } from './forecasts.js';
import { frameMetric, type FrameMetricName } from './frame-metrics.js';

/** Metrics of a forecast, each by frame of the horizon. */
export type MetricsByFrame = Partial<Record<FrameMetricName, number[]>>;

/** Metrics by kind of forecast. */
export type MeasuredForecasts = Partial<Record<ForecastName, MetricsByFrame>>;

/** Kinds of forecast that published evaluations score, in the order of tables. */
const measuredKinds: readonly ForecastName[] = ['last-frame', 'best-guess', 'sample', 'mean', 'best'];

/**
 * Measures the forecasts from one start: the last frame repeated, the best guess if there is one, the mean over samples
 * of their metrics, and for more than one sample the mean frame and the best sample. The best sample is another for
 * each metric: that with the best mean over the horizon, as in the evaluations of SVG and SRVP.
 */
export function measureForecasts(at: ForecastInput, metrics: readonly FrameMetricName[]): MeasuredForecasts {
  const asked = { samples: at.drawn.length, guesses: at.guess !== null };
  const available = forecastNames(asked);
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
