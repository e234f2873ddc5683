export type { ImageScoringProgress, ScoringProgress } from './options.js';
export type { ClipForecasts, ForecastErrors } from '../evaluation/forecast-errors.js';
export type { ForecastName } from '../evaluation/forecasts.js';
export type {
  ForecastSummary,
  ForecastsSummary,
  MetricSummary,
  ProtocolScore,
  ProtocolSummary,
  ScoredClip,
  VideoScore,
} from './score-results.js';
export { scoreClips, scoreProtocol, type ScoreClipsOptions, type ScoreProtocolOptions } from './score-clips.js';
export { scoreImageSet, type ImageSetScore, type ScoreImageSetOptions } from './score-image-set.js';
export type { ProtocolName } from './protocols/index.js';
export type { PublishedForecast } from './protocols/protocol.js';
export type { FrameMetricName } from '../evaluation/frame-metrics.js';
