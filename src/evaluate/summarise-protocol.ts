import { meanByHorizon } from '../evaluation/forecast-score.js';
import type { ForecastName } from '../evaluation/forecasts.js';
import { frameMetric, type FrameMetricName } from '../evaluation/frame-metrics.js';
import type { MeasuredForecasts } from '../evaluation/metric-score.js';
import { computeMean, type MeanWithError } from '../evaluation/statistics.js';
import type { Channels } from '../foundation/frame.js';
import type { ProtocolName } from './protocols/index.js';
import type { PublishedCrossEntropy, PublishedForecast } from './protocols/protocol.js';
import type { ResolvedProtocol } from './protocols/resolve-protocol.js';

/** Clip with the metrics of its windows. */
export interface MeasuredClip {
  name: string;
  /** Index of the first predicted frame of each window. */
  starts: number[];
  /** Metrics of each window. */
  windows: MeasuredForecasts[];
  /** Cross-entropy of each window by frame given the true frames before, in nats; null: not measured. */
  nats: number[][] | null;
}

/** Metric of one kind of forecast over several clips; every clip has the same weight. @inline */
export interface MetricSummary extends MeanWithError {
  /** Mean by frame of the horizon. */
  byFrame: number[];
}

/** Score of a model under a protocol. */
export interface ProtocolSummary {
  /** Protocol, as applied. */
  protocol: {
    /** Name; null for a protocol of one's own. */
    name: ProtocolName | null;
    /** Data in words. */
    data: string;
    /** Test split in words. */
    split: string;
    /** Number of frames given, and of frames predicted. */
    context: number;
    horizon: number;
    /** Index of the first predicted frame of every clip; null if windows are spread over each clip. */
    from: number | null;
    width: number;
    height: number;
    /** Number of channels that are compared. */
    channels: Channels;
    /** Differences from the published evaluation, one line each. */
    differences: string[];
  };
  /** Number of frames that the model reads at a time; never more than `protocol.context`. */
  framesRead: number;
  /** Metrics: title, definition, and direction. */
  metrics: Partial<Record<FrameMetricName, { title: string; definition: string; isLowerBetter: boolean }>>;
  /** Metrics by kind of forecast. */
  kinds: Partial<Record<ForecastName, Partial<Record<FrameMetricName, MetricSummary>>>>;
  /** Clips, with the means over their windows and the horizon. */
  clips: {
    name: string;
    /** Index of the first predicted frame of each window. */
    starts: number[];
    kinds: Partial<Record<ForecastName, Partial<Record<FrameMetricName, number>>>>;
    /** Means over the windows by frame of the horizon. */
    byFrame: Partial<Record<ForecastName, Partial<Record<FrameMetricName, number[]>>>>;
    /** Cross-entropy by frame of the horizon, in nats; null: not measured. */
    crossEntropy: number[] | null;
  }[];
  /** Number of windows over all clips. */
  starts: number;
  /**
   * Cross-entropy of the predicted frames given the true frames before, in nats a frame, beside published values. Null
   * if the protocol has none, or the model's outputs are probabilities of levels instead of mean grey levels.
   */
  crossEntropy: (MeanWithError & { published: PublishedCrossEntropy[] }) | null;
  /** Published results under the protocol. */
  published: PublishedForecast[];
  /** Kind of prediction that `published` scores, in words, such as 'best of 100 samples'; empty: none. */
  publishedOf: string;
}

/**
 * Summarises the metrics of clips: means over the horizon, then over a clip's windows, then over clips.
 * @param clips at least one, each with at least one window
 * @param context number of the model's context frames
 */
export function summariseProtocol(
  protocol: ResolvedProtocol,
  clips: readonly MeasuredClip[],
  context: number,
): ProtocolSummary {
  const { name, data, split, size, channels, horizon, from, differences, published, publishedOf, metrics } = protocol;
  const kinds = Object.keys(clips[0].windows[0]) as ForecastName[];
  const table = <T>(of: (kind: ForecastName, metric: FrameMetricName) => T) =>
    Object.fromEntries(
      kinds.map((kind) => [kind, Object.fromEntries(metrics.map((metric) => [metric, of(kind, metric)]))]),
    ) as Partial<Record<ForecastName, Partial<Record<FrameMetricName, T>>>>;
  const byFrame = ({ windows }: MeasuredClip, kind: ForecastName, metric: FrameMetricName) =>
    meanByHorizon(windows.map((window) => window[kind]![metric]!));
  const meanOf = (clip: MeasuredClip, kind: ForecastName, metric: FrameMetricName) =>
    computeMean(byFrame(clip, kind, metric)).mean;
  const definitions = metrics.map((metric) => {
    const { title, definition, isLowerBetter = false } = frameMetric(metric);
    return [metric, { title, definition, isLowerBetter }];
  });
  return {
    protocol: {
      ...{ name, data, split: split.words, context: protocol.context, horizon, from, ...size, channels },
      differences: [...differences],
    },
    framesRead: Math.min(protocol.context, context),
    metrics: Object.fromEntries(definitions) as ProtocolSummary['metrics'],
    kinds: table((kind, metric) => ({
      ...computeMean(clips.map((clip) => meanOf(clip, kind, metric))),
      byFrame: meanByHorizon(clips.map((clip) => byFrame(clip, kind, metric))),
    })),
    clips: clips.map((clip) => ({
      name: clip.name,
      starts: clip.starts,
      kinds: table((kind, metric) => meanOf(clip, kind, metric)),
      byFrame: table((kind, metric) => byFrame(clip, kind, metric)),
      crossEntropy: clip.nats && meanByHorizon(clip.nats),
    })),
    starts: clips.reduce((sum, { starts }) => sum + starts.length, 0),
    crossEntropy: crossEntropyOf(protocol, clips),
    published: [...published],
    publishedOf,
  };
}

function crossEntropyOf({ crossEntropies = [] }: ResolvedProtocol, clips: readonly MeasuredClip[]) {
  const means = clips.flatMap(({ nats }) => (nats === null ? [] : [computeMean(nats.flat()).mean]));
  return means.length === 0 ? null : { ...computeMean(means), published: [...crossEntropies] };
}
