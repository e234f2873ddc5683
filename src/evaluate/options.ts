import { z } from 'zod';
import type { Split } from '../../datasets/index.js';
import type { CheckProgress } from '../check/finding.js';
import * as fields from '../options/fields.js';

const { asked, callback, count, signal } = fields;

/** What is asked of a drawing of images, by `pxv sample` too. */
export const sampleFlags = {
  /** Images to draw. Default: 16. */
  count: asked(count.default(16), 'images', 'images to draw', { most: 100_000 }),
  /** Screen pixels for one pixel of the model. Default: 1. */
  scale: asked(count.default(1), 'factor', 'enlarge for the eye', { most: 64 }),
  /** Whether `out` may take the place of what is there. Default: it may not. */
  overwrite: fields.overwrite,
  /** Default: 1. */
  seed: fields.seed,
};

/** See `sampleImages`. */
export const sampleImagesFields = {
  ...sampleFlags,
  /** A `.png` file for a contact sheet, or a folder for one PNG file an image. */
  out: z.string(),
  /** Default: the model's own distribution. */
  settings: z.strictObject(fields.imageDrawing).optional(),
  /** Called as rows are drawn: images done, as a fraction. */
  onProgress: callback<(done: number) => void>(),
  /** Called once images are finished: from then on, an interruption leaves those. */
  onDrawn: callback<() => void>(),
  /** Once it is aborted, the images finished so far are written. */
  signal,
};

/** What is asked of a completion, by `pxv complete` too. */
export const completeFlags = {
  /** The first row, from 0 at the model's size, that is drawn again. Default: half way down. */
  fromRow: asked(fields.countOrNone.optional(), 'row', 'first row to draw, from 0 (default: half way down)'),
  /** Completions to draw. Default: 7. */
  samples: asked(count.default(7), 'count', 'completions to draw', { most: 64 }),
  /** Screen pixels for one pixel of the model. Default: 4. */
  scale: asked(count.default(4), 'factor', 'enlarge for the eye', { most: 64 }),
  /** Whether `out` may take the place of what is there. Default: it may not, and never of the image. */
  overwrite: fields.overwrite,
  /** Default: `crop`. */
  fit: asked(fields.fit.default('crop'), 'name', "how the image is brought to the model's size"),
  /** Default: 1. */
  seed: fields.seed,
};

/** See `completeImage`. */
export const completeImageFields = {
  ...completeFlags,
  /** Contact sheet (.png): the image, what is kept of it, then the samples. */
  out: z.string(),
  /** Default: the model's own distribution. */
  settings: z.strictObject(fields.imageDrawing).optional(),
  /** Called after each row, with the share of the work that is done. */
  onProgress: callback<(share: number) => void>(),
  signal,
};

/** What is asked of a scoring of images, by `pxv eval-images` too. */
export const scoreImagesFlags = {
  /** Folder of the set's files. Default: its folder in the cache. */
  data: fields.data,
  /** Default: test. */
  split: asked(z.enum(['train', 'validation', 'test'] satisfies Split[]).default('test'), 'name', 'which images'),
  /** Score so many images, spread evenly over the split, instead of all. */
  limit: asked(count.optional(), 'count', 'score so many, spread evenly over the split'),
  /** Where to write a picture of the worst and best images (.png). Default: none is written. */
  out: asked(z.string().optional(), 'file.png', 'write the worst and best images, and where their bits are'),
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

/** What is asked of a check, by `pxv check` too. */
export const checkFlags = {
  /** The model is checked at this size, in whole. Default: at its own, and smaller where that would take long. */
  size: asked(
    fields.pixels.optional(),
    'WxH',
    "size of the images to check at, whatever it takes (default: the model's, or less)",
  ),
  /** Default: 1. */
  seed: fields.seed,
};

/** See `checkModel`. */
export const checkModelFields = {
  ...checkFlags,
  /** Called as each check goes on, with how much of it is done. */
  onProgress: callback<(progress: CheckProgress) => void>(),
  signal,
};
