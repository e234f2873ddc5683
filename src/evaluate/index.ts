export type { ImageScoringProgress, ScoringProgress } from './options.js';
export type { ClipForecasts, ForecastErrors } from '../evaluation/forecast-score.js';
export type { ForecastSummary, ForecastsSummary } from '../evaluation/forecast-summary.js';
export type { ForecastName } from '../evaluation/forecasts.js';
export type { ScoredClip } from './summarise-clips.js';
export { scoreClips, type ScoreClipsOptions, type VideoScore } from './score-clips.js';
export { scoreImageSet, type ImageSetScore, type ScoreImageSetOptions } from './score-images.js';
