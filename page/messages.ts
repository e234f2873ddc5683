import type { Frame } from '../src/browser/index.js';

/** Models that the page offers; the first is the default. */
export const MODELS = ['video-64-small', 'video-64'] as const;
/** Name of a model that the page offers. */
export type ModelName = (typeof MODELS)[number];

/** Message from the page to the worker. */
export type Request =
  /** First message: model that predicts frames of the size of the first frame. */
  | { type: 'begin'; model: ModelName }
  /** Next frame of the video. */
  | { type: 'frame'; frame: Frame }
  /** Request to score every frame but the first, including frames that arrive later. Sent at most once. */
  | { type: 'score' }
  /** Request to predict `ahead` frames after the first `known`; aborts an earlier request that still runs. */
  | { type: 'predict'; known: number; ahead: number }
  /** Only message to a worker that decodes: a file of `pxv encode`. */
  | { type: 'decode'; file: Blob };

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
  /** Error, with a message for the user. */
  | { type: 'failed'; message: string };
