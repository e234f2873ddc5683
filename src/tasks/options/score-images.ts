import { z } from 'zod';
import type { Split } from '../../../datasets/index.js';
import { asked, callback, count, data, overwrite, signal } from './fields.js';

/** What is asked of a scoring of images, by `pxv eval-images` too. */
export const scoreImagesFlags = {
  /** Folder of the set's files. Default: its folder in the cache. */
  data,
  /** Default: test. */
  split: asked(z.enum(['train', 'validation', 'test'] satisfies Split[]).default('test'), 'name', 'which images'),
  /** Score so many images, spread evenly over the split, instead of all. */
  limit: asked(count.optional(), 'count', 'score so many, spread evenly over the split'),
  /** Where to write a picture of the worst and best images (.png). Default: none is written. */
  out: asked(z.string().optional(), 'file.png', 'write the worst and best images, and where their bits are'),
  /** Whether `out` may take the place of what is there. Default: it may not, and never of a scored image. */
  overwrite,
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
  onProgress: callback<(progress: ImageScoringProgress) => void>(),
  signal,
};
