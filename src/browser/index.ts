/**
 * Exports of the library for web pages: all that needs no files. Call `chooseBackend` first, best in a worker.
 */
export { codedFrames, type TimedFrame } from './coded-frames.js';
export { chooseBackend, type ChosenPageBackend, type PageBackendOptions } from './page-backend.js';
export { fineTune, type FineTuneOptions, type FineTuneStart } from './fine-tune.js';
export { frameFromPixels, toPixels, type Pixels } from './canvas-pixels.js';
export { PxvError, type ErrorCode, type ErrorParts } from '../foundation/errors.js';
export type { Box, Channels, Frame, Size } from '../foundation/frame.js';
export { resizeModel } from '../model/resize-model.js';
export type { Chain } from '../model/chain.js';
export { encodeModel, frameOf, parseModel, type Model } from '../model/model.js';
export type { TrainingProgress } from '../training/training-loop.js';
export { FrameHistory } from '../conditioning/context/examples.js';
export type { FrameSettings } from '../model/sampling-settings.js';
export {
  bestGuess,
  rollOut,
  type BestGuess,
  type PredictedFrame,
  type RollOutOptions,
} from '../sampling/forecaster.js';
export type { DrawOptions } from '../sampling/draw.js';
export { FrameSampler } from '../sampling/frame-sampler.js';
export type { AnomalyEvent } from '../anomaly/event-detector.js';
export type { Baseline } from '../anomaly/anomaly-scorer.js';
export { frameCosts, type FrameCost } from '../anomaly/frame-costs.js';
export { scoreFullClip, type FullClipScores } from '../anomaly/full-clip-scores.js';
export {
  fitBaseline,
  scoreAnomalies,
  type AnomalyOptions,
  type AnomalyScore,
  type AnomalyState,
} from '../anomaly/score-anomalies.js';
