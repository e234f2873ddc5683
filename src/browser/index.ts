/**
 * The library in a page: what needs no files. Call `chooseBackend` first, best in a worker.
 */
export { codedFrames, type CodedFrame } from './coded-frames.js';
export { chooseBackend, type ChosenPageBackend, type PageBackendOptions } from './choose-backend.js';
export { frameFromPixels, pixelsOf, type Pixels } from './image-data.js';
export { PxvError, type ErrorCode } from '../foundation/errors.js';
export type { Box, Channels, Frame, Size } from '../foundation/frame.js';
export { atSize } from '../model/at-size.js';
export { modelFromBytes, type Model } from '../model/model.js';
export { Past } from '../model/past.js';
export type { DrawSettings } from '../sampling/draw.js';
export type { PredictedFrame } from '../sampling/forecaster.js';
export { FrameSampler } from '../sampling/frame-sampler.js';
export { bestGuess, frameOf, rollOut, type BestGuess, type RollOutOptions } from '../sampling/roll-out.js';
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
