import { uniformBitsPerDim } from '../../evaluation/baselines.js';
import { meanByHorizon, type ClipForecasts } from '../../evaluation/forecast-errors.js';
import type { MeasuredForecasts } from '../../evaluation/forecast-errors.js';
import type { ForecastName } from '../../evaluation/forecasts.js';
import { frameMetric, type FrameMetricName } from '../../evaluation/frame-metrics.js';
import { cappedPsnr } from '../../evaluation/metrics.js';
import { computeMean, RunningMean } from '../../evaluation/statistics.js';
import { expectsFrame } from '../../model/description.js';
import type { Model } from '../../model/model.js';
import { losslessCodecs, type LosslessCodec } from '../../video/index.js';
import type { ResolvedProtocol } from './protocols/resolve-protocol.js';
import type {
  ClipsSummary,
  ForecastsSummary,
  ForecastSummary,
  MeanOverClips,
  ProtocolSummary,
  ScoredClip,
} from './score-results.js';

/**
 * Summarises the scores of clips: bits/dim weighted by the dimensions of each clip, forecasts with equal weights.
 * @param clips at least one
 */
export function summariseClips(model: Model, clips: ScoredClip[]): ClipsSummary {
  const bits = new RunningMean();
  for (const { bitsPerDim, dimensions } of clips) bits.add(bitsPerDim, dimensions);
  const previousFrame = overClips(clips, ({ previousFrameBitsPerDim }) => previousFrameBitsPerDim)!;
  const codec = overClips(clips, ({ codecs }) => codecs?.best ?? null);
  const fewer = (baseline: number) => 1 - bits.mean / baseline;
  const predicted = clips.flatMap((clip) => clip.forecasts ?? []);
  const gains = clips.map(({ oneStep }) =>
    oneStep.anchors.map((anchor) => cappedPsnr(anchor) - cappedPsnr(oneStep.previousFrame)),
  );
  // A learned anchor comes first.
  const labels = [...(expectsFrame(model) ? ['expected frame'] : []), 'last frame'];
  const each = losslessCodecs.map((name) => [name, overClips(clips, ({ codecs }) => codecs?.bitsPerDim[name] ?? null)]);
  return {
    clips,
    frames: sum(clips.map(({ frames }) => frames)),
    dimensions: sum(clips.map(({ dimensions }) => dimensions)),
    bitsPerDim: bits.mean,
    exact: model.chain.exact,
    standardError: bits.standardError,
    baselines: {
      uniform: uniformBitsPerDim(model.chain.exampleShape.levels),
      'previous-frame': previousFrame,
      ...(codec !== null && { 'lossless-codec': codec }),
    },
    fewerBits: { 'previous-frame': fewer(previousFrame), ...(codec !== null && { 'lossless-codec': fewer(codec) }) },
    anchors: { labels: labels.slice(0, gains[0].length), ...meanOverClips(gains) },
    codecs: clips[0].codecs === null ? null : (Object.fromEntries(each) as Record<LosslessCodec, number | null>),
    forecasts: predicted.length === 0 ? null : summariseForecasts(predicted),
  };
}

/** Returns bits/dim over all clips, weighted by dimensions. Returns null if `bitsPerDim` is null for a clip. */
function overClips(clips: readonly ScoredClip[], bitsPerDim: (clip: ScoredClip) => number | null): number | null {
  const mean = new RunningMean();
  for (const clip of clips) {
    const bits = bitsPerDim(clip);
    if (bits === null) return null;
    mean.add(bits, clip.dimensions);
  }
  return mean.mean;
}

/** Summarises the errors of forecasts over clips. @param clips at least one; all with the same horizon and kinds */
export function summariseForecasts(clips: readonly ClipForecasts[]): ForecastsSummary {
  const trueChange = meanByHorizon(clips.map((clip) => clip.trueChange));
  const decibelsOf = (name: ForecastName) => clips.map(({ kinds }) => kinds[name]!.meanSquaredError.map(cappedPsnr));
  const lastFrame = decibelsOf('last-frame');
  const summary = (name: ForecastName): ForecastSummary => {
    const errors = clips.map(({ kinds }) => kinds[name]!);
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
    starts: sum(clips.map(({ starts }) => starts.length)),
    trueChange,
    kinds: Object.fromEntries(names.map((name) => [name, summary(name)])),
  };
}

/** Returns the mean and standard error over clips, index by index. @param clips lists of equal length, at least one */
function meanOverClips(clips: readonly number[][]): MeanOverClips {
  const means = clips[0].map((_, index) => computeMean(clips.map((clip) => clip[index])));
  return { mean: means.map(({ mean }) => mean), standardError: means.map(({ standardError }) => standardError) };
}

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
  const { crossEntropies = [] } = protocol;
  const nats = clips.flatMap((clip) => (clip.nats === null ? [] : [computeMean(clip.nats.flat()).mean]));
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
    starts: sum(clips.map(({ starts }) => starts.length)),
    crossEntropy: nats.length === 0 ? null : { ...computeMean(nats), published: [...crossEntropies] },
    published: [...published],
    publishedOf,
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
