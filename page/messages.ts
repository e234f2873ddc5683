import type { Frame } from '../src/browser/index.js';

/** The models that the page offers, the one that it begins with first. */
export const MODELS = ['video-64-small', 'video-64'] as const;
export type ModelName = (typeof MODELS)[number];

/** What the page tells the worker that computes. */
export type Request =
  /** First: which model predicts frames of the size of the first one. */
  | { type: 'begin'; model: ModelName }
  /** The next frame of the video. */
  | { type: 'frame'; frame: Frame }
  /** The frames after the first `known` are asked for: none is drawn any more of those asked for before. */
  | { type: 'predict'; known: number; ahead: number }
  /** All that a worker is asked: the frames of a file of pxv encode. */
  | { type: 'decode'; file: Blob };

/** What the worker answers. Frames are counted from 0. */
export type Answer =
  | { type: 'ready'; threads: number; isolated: boolean }
  /** What a frame costs, given all before it: bits of each pixel; and what was expected in its place. */
  | { type: 'costed'; index: number; expected: Frame; map: Float64Array; seconds: number }
  /** A frame of what was asked for: the best guess, or drawn. */
  | { type: 'predicted'; how: 'guess' | 'draw'; known: number; index: number; frame: Frame; seconds: number }
  /** A frame of a file, and when in its clip it stands, in seconds; frames that damage has cost; its end. */
  | { type: 'decoded'; frame: Frame; time: number }
  | { type: 'lost' }
  | { type: 'end' }
  /** Nothing more follows. */
  | { type: 'failed'; message: string };
