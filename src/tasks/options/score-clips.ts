import { z } from 'zod';
import {
  asked,
  callback,
  count,
  countOrNone,
  fit,
  frameRate,
  futureDrawing,
  pictureSize,
  seed,
  signal,
  toggle,
} from './fields.js';

/** What is asked of a scoring of clips, by `pxv eval-video` too. */
export const scoreClipsFlags = {
  /** Frames to predict from each start; 0: none. Default: 8. */
  horizon: asked(countOrNone.default(8), 'frames', 'frames to predict from each start', { most: 1000 }),
  /** Places of a clip from which frames are predicted, evenly spread. Default: 4. */
  starts: asked(count.default(4), 'count', 'places of each clip to predict from, evenly spread', { most: 1000 }),
  /** Futures to draw at each start. Default: 4. */
  samples: asked(count.default(4), 'count', 'futures to draw at each start', { most: 64 }),
  /**
   * Whether a clip is learned from as it goes. The weights that score it go on learning from each of its frames once it is scored (see
   * `Adaptation`, `scoreEach`), and forecasts are corrected by hindcasts of the frames known before them (see `learnCorrection`).
   * Each clip begins anew. Default: it is not.
   */
  adapt: toggle('learn from each clip as it goes: fewer bits, forecasts nearer to the truth, several times as long'),
  /** Whether lossless codecs compress the same frames. Default: they do not. */
  codecs: toggle('bits of lossless codecs for the same frames: x264, x265 and FFV1 of FFmpeg'),
  /** Rate to bring clips to. Default: each is read at its own, with a warning where the model learned at another. */
  frameRate,
  /** Default: 1. */
  seed,
};

export interface ScoringProgress {
  /** Of the clip at hand. */
  name: string;
  /** Clips that are done with. */
  done: number;
  clips: number;
  what: 'score' | 'hindcast' | 'predict' | 'compress';
  /** Frames of this clip that are done; of those that are drawn, with the share of the ones at hand; of hindcasts the places. */
  frames: number;
}

/** See `scoreClips`. */
export const scoreClipsFields = {
  ...scoreClipsFlags,
  /** One size for all clips, or one for each at its own aspect. Default: the model's. */
  size: pictureSize.optional(),
  /** How a clip of another aspect is brought to one size. Default: `crop`. */
  fit: fit.optional(),
  /** How futures are drawn, over what `futureSettings` has for the model. */
  settings: z.strictObject(futureDrawing).optional(),
  onProgress: callback<(progress: ScoringProgress) => void>(),
  /** One line about a clip that is damaged, or that is left out, or about a codec that fails. */
  onWarning: callback<(text: string) => void>(),
  signal,
};
