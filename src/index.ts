/**
 * The public API: describe, train, load, predict and score. Call `chooseBackend` first, before any tensor is made.
 */
export { imageSets, openForTraining, type Images, type OpenImagesOptions } from '../datasets/index.js';
export { chooseBackend, type BackendOptions, type ChosenBackend } from './backend/choose-backend.js';
export { PxvError, type ErrorCode } from './foundation/errors.js';
export { densityNats, dequantise, type ValueUnit } from './evaluation/density.js';
export { psnr, ssim } from './evaluation/metrics.js';
export type { Channels, Frame, Size } from './foundation/frame.js';
export { parseFrameRate, type FrameRate } from './foundation/frame-rate.js';
export { atSize } from './model/at-size.js';
export { DEFAULT_VIDEO_MODEL, loadModel } from './model/checkpoint.js';
export type { Model } from './model/model.js';
export { aboutShipped, shippedModels, type AboutModel } from './model/shipped-models.js';
export { Past } from './model/past.js';
export { joinProcessGroup } from './distributed/join.js';
export { launchOf, type Launch } from './distributed/launch.js';
export { singleProcess, type JoinedProcessGroup, type ProcessGroup } from './distributed/process-group.js';
export type { ModelDescription, NetworkDescription } from './model/description.js';
export type { FutureDrawing } from './model/future-drawing.js';
export { describeModel, type PresetSettings } from './model/presets.js';
export type { Correction } from './sampling/correction.js';
export type { DrawSettings } from './sampling/draw.js';
export type { PredictedFrame } from './sampling/forecaster.js';
export { FrameSampler } from './sampling/frame-sampler.js';
export { FRAMES_FOR_HINDCASTS, learnCorrection, type HindcastOptions } from './sampling/hindcasts.js';
export { bestGuess, frameOf, rollOut, type BestGuess, type RollOutOptions } from './sampling/roll-out.js';
export { inHindsight, type Hindsight } from './anomaly/hindsight.js';
export {
  costedFrames,
  learnUsual,
  surprise,
  type CostedFrame,
  type SurpriseOptions,
  type SurprisingFrame,
} from './anomaly/surprise.js';
export type { Moment } from './anomaly/moments.js';
export type { UsualFrames } from './anomaly/stand-out.js';
export type { AskedRate } from './clips/clip-rate.js';
export { checkModel, type ModelCheckSettings, type ScaleFinding } from './check/check-model.js';
export { configureTraining, type ModelChoices, type TrainingRequest } from './train/configure-training.js';
export { sampleImages, type SampledImages, type SampleImagesOptions } from './sample/sample-images.js';
export { completeImage, type CompletedImage, type CompleteImageOptions } from './sample/complete-image.js';
export { predictClip, type PredictClipOptions, type PredictedClip } from './predict/predict-clip.js';
export { encodeClip, type EncodeClipOptions, type EncodedClip } from './codec/encode-clip.js';
export { decodeFile, type DecodeFileOptions, type DecodedFile } from './codec/decode-file.js';
export { findSurprise, type FindSurpriseOptions, type FoundSurprise } from './surprise/find-surprise.js';
export { servePage, type ServePageOptions } from './page/serve-page.js';
export { predictClips, type PredictClipsOptions, type PredictedClips } from './predict/predict-clips.js';
export { scoreClips, type ScoreClipsOptions, type VideoScore } from './evaluate/score-clips.js';
export { scoreImageSet, type ImageSetScore, type ScoreImageSetOptions } from './evaluate/score-images.js';
export type { TrainModelHooks, TrainModelSettings } from './train/options.js';
export { trainModel, type TrainedRun } from './train/train-model.js';
export { writeReport, type WriteReportOptions, type WrittenReport } from './report/write-report.js';
export type { Section } from './document/report.js';
export { runSchema, type RunConfiguration } from './training/configuration.js';
export {
  listClips,
  openClip,
  type ClipOptions,
  type ClipReader,
  type ClipSource,
  type Fit,
  type PictureSize,
} from './video/index.js';
