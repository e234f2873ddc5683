/**
 * The library in a page: what needs no files. Call `chooseBackend` first, best in a worker.
 */
export { codedFrames, type CodedFrame } from './coded-frames.js';
export { chooseBackend, type ChosenPageBackend, type PageBackendOptions } from './choose-backend.js';
export { frameFromPixels, pixelsOf, type Pixels } from './image-data.js';
export { PxvError, type ErrorCode } from '../foundation/errors.js';
export type { Box, Channels, Frame, Size } from '../foundation/frame.js';
export { atSize } from '../model/at-size.js';
export { frameOf, modelFromBytes, type Model } from '../model/model.js';
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
export type { Moment } from '../anomaly/moments.js';
export type { UsualFrames } from '../anomaly/stand-out.js';
export { inHindsight, type Hindsight } from '../anomaly/hindsight.js';
export {
  costedFrames,
  learnUsual,
  surprise,
  type CostedFrame,
  type SurpriseOptions,
  type SurprisingFrame,
} from '../anomaly/surprise.js';
