import type { FineTuneOptions, Frame, TrainingProgress } from '../src/browser/index.js';
import type { Validation } from '../src/training/validation.js';

/** Shipped model that predicts. */
export const SHIPPED_MODEL = 'video-64';

/** Model to load: the shipped one, or the file of a model that was learned here. */
export type ModelChoice = typeof SHIPPED_MODEL | Blob;

/** Training on the frames of a video. */
export interface Lesson {
  model: ModelChoice;
  /** All frames of the video, of one size. */
  frames: readonly Frame[];
  /** Settings of the training, such as its minutes. */
  training: NonNullable<FineTuneOptions['training']>;
}

/** Message from the page to the worker. */
export type Request =
  /** First message: model that predicts frames of the size of the first frame. */
  | { type: 'begin'; model: ModelChoice }
  /** Next frame of the video. */
  | { type: 'frame'; frame: Frame }
  /** Request to score every frame but the first, including frames that arrive later. Sent at most once. */
  | { type: 'score' }
  /** Request to predict `ahead` frames after the first `known`; aborts an earlier request that still runs. */
  | { type: 'predict'; known: number; ahead: number }
  /** Only message to a worker that decodes: a file of `pxv encode`. */
  | { type: 'decode'; file: Blob }
  /** First message to a worker that trains. */
  | ({ type: 'learn' } & Lesson)
  /** Request to end the training, with the best model so far. */
  | { type: 'stop' };

/** Message from the worker to the page. Frames are counted from 0. */
export type Answer =
  /** The model of `begin` is loaded; number of threads, and whether the page is cross-origin isolated. */
  | { type: 'ready'; threads: number; isolated: boolean }
  /**
   * Cost of a frame given the frames before, in bits of each pixel, the expected frame, and the seconds that computing
   * took.
   */
  | { type: 'costed'; index: number; expected: Frame; map: Float64Array; seconds: number }
  /**
   * Predicted frame of the request with this `known`: best guess, or drawn sample; and the seconds that predicting
   * took.
   */
  | { type: 'predicted'; how: 'guess' | 'draw'; known: number; index: number; frame: Frame; seconds: number }
  /** Fraction of the current sampled frame that is drawn so far, 0 to 1. */
  | { type: 'drawing'; known: number; fraction: number }
  /** Decoded frame, and its time in the clip in seconds; then messages for frames lost to damage, and for the end. */
  | { type: 'decoded'; frame: Frame; time: number }
  | { type: 'lost' }
  | { type: 'end' }
  /**
   * The training begins: its estimated peak memory in bytes, and the index of the first held-out frame; earlier frames
   * are learned from.
   */
  | { type: 'learning'; memoryBytes: number; heldOutFrom: number }
  /** A training step is done. */
  | { type: 'stepped'; progress: TrainingProgress }
  /** Score of the model in training on the held-out frames. */
  | { type: 'validated'; validation: Validation }
  /** Held-out frame `index` by the model before or after the training: one sample, and the bits of each pixel. */
  | { type: 'compared'; when: 'before' | 'after'; index: number; drawn: Frame; map: Float64Array }
  /** The training is over: the file of the best model. */
  | { type: 'learned'; file: Blob }
  /** Error, with a message for the user. */
  | { type: 'failed'; message: string };
