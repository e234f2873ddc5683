/** Public API: describe, train, load, predict and score. Call `chooseBackend` before any tensor is created. */
import { loadSectionSources } from './commands/section-sources.js';
import {
  writeReport as writeSections,
  type WriteReportOptions,
  type WrittenReport,
} from './commands/report/write-report.js';

export {
  imageSets,
  openForTraining,
  type Images,
  type ImageSetFacts,
  type Split,
  type OpenImagesOptions,
} from '../datasets/index.js';
export type { InstructionSet } from './backend/kernels/index.js';
export { chooseBackend, type BackendOptions, type ChosenBackend } from './backend/choose-backend.js';
export { PxvError, type ErrorCode, type ErrorParts } from './foundation/errors.js';
export { densityNats, dequantise, type ValueUnit } from './evaluation/density.js';
export { psnr, ssim } from './evaluation/metrics.js';
export type { Box, Channels, Frame, IndexedFrame, Size } from './foundation/frame.js';
export { parseFrameRate, type FrameRate } from './foundation/frame-rate.js';
export { resizeModel } from './model/resize-model.js';
export { DEFAULT_VIDEO_MODEL, loadModel } from './model/checkpoint.js';
export { frameOf, type Model } from './model/model.js';
export type { Chain } from './model/chain.js';
export { describeShippedModel, listShippedModels, type ShippedModelInfo } from './model/shipped-models.js';
export { FrameHistory } from './conditioning/context/examples.js';
export { joinProcessGroup } from './distributed/join.js';
export { readLaunch, type Launch } from './distributed/launch.js';
export { singleProcess, type JoinedProcessGroup, type ProcessGroup } from './distributed/process-group.js';
export type { ModelDescription, NetworkDescription } from './model/description.js';
export type { FrameSettings, SamplingSettings } from './model/sampling-settings.js';
export { describeModel, type NetworkName, type PresetSettings } from './model/presets.js';
export type { Correction } from './sampling/correction.js';
export { bestGuess, rollOut, type BestGuess, type PredictedFrame, type RollOutOptions } from './sampling/forecaster.js';
export type { DrawOptions } from './sampling/draw.js';
export { FrameSampler } from './sampling/frame-sampler.js';
export { MAX_HINDCAST_FRAMES, learnCorrection, type HindcastOptions } from './sampling/hindcasts.js';
export { scoreFullClip, type FullClipScores } from './anomaly/full-clip-scores.js';
export {
  fitBaseline,
  scoreAnomalies,
  type AnomalyOptions,
  type AnomalyScore,
  type AnomalyState,
} from './anomaly/score-anomalies.js';
export type { AnomalyEvent } from './anomaly/event-detector.js';
export { measureDetection, type DetectionMetrics, type LabelledScores } from './anomaly/detection-metrics.js';
export type { Baseline } from './anomaly/anomaly-scorer.js';
export { frameCosts, type FrameCost } from './anomaly/frame-costs.js';
export type { CostedFrame } from './anomaly/mean-costs.js';
export type { SkippedClip } from './commands/for-each-clip.js';
export type { RequestedRate } from './commands/clip-rate.js';
export type { Stage } from './training/stages.js';
export { runSchema, type RunConfiguration, type TrainingConfiguration } from './training/configuration.js';
export {
  listClips,
  openClip,
  type ClipOptions,
  type ClipReader,
  type ClipSource,
  type Fit,
  type LosslessCodec,
  type TargetSize,
} from './video/index.js';
export { configureTraining, type ModelChoices, type TrainingRequest } from './commands/train/configure-training.js';
export type { DecodeProgress, TrainModelHooks, TrainModelSettings } from './commands/train/options.js';
export { trainModel, type TrainedRun } from './commands/train/train-model.js';
export type { TrainingProgress } from './training/training-loop.js';
export { predictClip, type PredictClipOptions, type PredictedClip } from './commands/predict/predict-clip.js';
export { predictClips, type PredictClipsOptions, type PredictedClips } from './commands/predict/predict-clips.js';
export type { TimelineRow } from './commands/surprise/search-checkpoint.js';
export { findSurprise, type FindSurpriseOptions, type SurpriseResult } from './commands/surprise/find-surprise.js';
export type { EncodedFrame } from './coding/encode-frames.js';
export { decodeFile, type DecodeFileOptions, type DecodedFile } from './commands/codec/decode-file.js';
export { encodeClip, type EncodeClipOptions, type EncodedClip } from './commands/codec/encode-clip.js';
export { servePage, type ServePageOptions } from './commands/page/serve-page.js';
export {
  completeImage,
  type CompletedImage,
  type CompleteImageOptions,
} from './commands/sample-images/complete-image.js';
export { sampleImages, type SampledImages, type SampleImagesOptions } from './commands/sample-images/sample-images.js';
export type { ImageScoringProgress, ScoringProgress } from './commands/evaluate/options.js';
export type { ClipForecasts, ForecastErrors } from './evaluation/forecast-errors.js';
export type { ForecastName } from './evaluation/forecasts.js';
export type { FrameMetricName } from './evaluation/frame-metrics.js';
export type {
  ForecastSummary,
  ForecastsSummary,
  MetricSummary,
  ProtocolScore,
  ProtocolSummary,
  ScoredClip,
  VideoScore,
} from './commands/evaluate/score-results.js';
export {
  scoreClips,
  scoreProtocol,
  type ScoreClipsOptions,
  type ScoreProtocolOptions,
} from './commands/evaluate/score-clips.js';
export { scoreImageSet, type ImageSetScore, type ScoreImageSetOptions } from './commands/evaluate/score-image-set.js';
export type { ProtocolName } from './commands/evaluate/protocols/index.js';
export type { PublishedForecast } from './commands/evaluate/protocols/protocol.js';
export type { CheckProgress } from './commands/check/finding.js';
export { checkModel, type ModelCheckSettings, type ScaleFinding } from './commands/check/check-model.js';
export type { WriteReportOptions, WrittenReport } from './commands/report/write-report.js';

/**
 * Writes a self-contained HTML page about trainings, scores, searches and clips: see `writeReport`
 * of src/commands/report.
 * @param paths run folders, JSON files, folders of searches, and clips, in the order of the page
 * @throws PxvError `USAGE` if an option is wrong; `INPUT` if a path cannot be shown; `OUTPUT` if the page cannot be
 *   written
 */
export async function writeReport(paths: readonly string[], options: WriteReportOptions): Promise<WrittenReport> {
  return writeSections(await loadSectionSources(), paths, options);
}
