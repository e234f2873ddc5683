import { z } from 'zod';
import type { Split } from '../../datasets/index.js';
import { clipFields } from '../options/clips.js';
import * as fields from '../options/fields.js';

const { withFlag, callback, positiveInteger, nonNegativeInteger, signal, booleanFlag } = fields;

/** What is asked of a scoring of clips, by `pxv eval-video` too. */
export const scoreClipsFlags = {
  /** Frames to predict from each start; 0: none. Default: 8. */
  horizon: withFlag(nonNegativeInteger.default(8), 'frames', 'frames to predict from each start', { max: 1000 }),
  /** Places of a clip from which frames are predicted, evenly spread. Default: 4. */
  starts: withFlag(positiveInteger.default(4), 'count', 'places of each clip to predict from, evenly spread', {
    max: 1000,
  }),
  /** Futures to draw at each start. Default: 4. */
  samples: withFlag(positiveInteger.default(4), 'count', 'futures to draw at each start', { max: 64 }),
  /**
   * Whether a clip is learned from as it goes. The weights that score it go on learning from each of its frames once it is scored (see
   * `DynamicEvaluation`, `scoreItems`), and forecasts are corrected by hindcasts of the frames known before them (see `learnCorrection`).
   * Each clip begins again. Default: it is not.
   */
  adapt: booleanFlag(
    'learn from each clip as it goes: fewer bits, forecasts nearer to the truth, several times as long',
  ),
  /** Whether lossless codecs compress the same frames. Default: they do not. */
  codecs: booleanFlag('bits of lossless codecs for the same frames: x264, x265 and FFV1 of FFmpeg'),
  /** Rate to bring clips to. Default: each is read at its own, with a warning where the model learned at another. */
  frameRate: fields.frameRate,
  /** Default: 1. */
  seed: fields.seed,
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
  ...clipFields,
  /** One size for all clips, or one for each at its own aspect. Default: the model's. */
  size: fields.pictureSize.optional(),
  /** Called as clips are scored, with the clip at hand and how much of it is done. */
  onProgress: callback<(progress: ScoringProgress) => void>(),
  /** The processes that share the clips: see `joinProcessGroup`. Default: this one alone. */
  processGroup: fields.processGroup,
};

/** What is asked of a scoring of images, by `pxv eval-images` too. */
export const scoreImagesFlags = {
  /** Folder of the set's files. Default: its folder in the cache. */
  data: fields.data,
  /** Default: test. */
  split: withFlag(z.enum(['train', 'validation', 'test'] satisfies Split[]).default('test'), 'name', 'which images'),
  /** Score so many images, spread evenly over the split, instead of all. */
  limit: withFlag(positiveInteger.optional(), 'count', 'score so many, spread evenly over the split'),
  /** Where to write a picture of the worst and best images (.png). Default: none is written. */
  out: withFlag(z.string().optional(), 'file.png', 'write the worst and best images, and where their bits are'),
  /** Whether `out` may take the place of what is there. Default: it may not, and never of a scored image. */
  overwrite: fields.overwrite,
};

export interface ImageScoringProgress {
  what: 'decode' | 'score' | 'encode';
  /** Images done. */
  done: number;
  total: number;
  /** Of the images scored so far. */
  bitsPerDim?: number;
}

/** See `scoreImageSet`. */
export const scoreImagesFields = {
  ...scoreImagesFlags,
  /** Called as images are decoded, scored and encoded, with how many are done. */
  onProgress: callback<(progress: ImageScoringProgress) => void>(),
  signal,
  /** The processes that share the images: see `joinProcessGroup`. Default: this one alone. */
  processGroup: fields.processGroup,
};
