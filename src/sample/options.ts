import { z } from 'zod';
import * as fields from '../options/fields.js';

const { withFlag, callback, positiveInteger, signal } = fields;

/** What is asked of a drawing of images, by `pxv sample` too. */
export const sampleFlags = {
  /** Images to draw. Default: 16. */
  count: withFlag(positiveInteger.default(16), 'images', 'images to draw', { max: 100_000 }),
  /** Screen pixels for one pixel of the model. Default: 1. */
  scale: withFlag(positiveInteger.default(1), 'factor', 'enlarge for the eye', { max: 64 }),
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
  fromRow: withFlag(fields.nonNegativeInteger.optional(), 'row', 'first row to draw, from 0 (default: half way down)'),
  /** Completions to draw. Default: 7. */
  samples: withFlag(positiveInteger.default(7), 'count', 'completions to draw', { max: 64 }),
  /** Screen pixels for one pixel of the model. Default: 4. */
  scale: withFlag(positiveInteger.default(4), 'factor', 'enlarge for the eye', { max: 64 }),
  /** Whether `out` may take the place of what is there. Default: it may not, and never of the image. */
  overwrite: fields.overwrite,
  /** Default: `crop`. */
  fit: withFlag(fields.fit.default('crop'), 'name', "how the image is brought to the model's size"),
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
