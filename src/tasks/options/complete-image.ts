import { z } from 'zod';
import { asked, callback, count, countOrNone, fit, imageDrawing, overwrite, seed, signal } from './fields.js';

/** What is asked of a completion, by `pxv complete` too. */
export const completeFlags = {
  /** The first row, from 0 at the model's size, that is drawn anew. Default: half way down. */
  fromRow: asked(countOrNone.optional(), 'row', 'first row to draw, from 0 (default: half way down)'),
  /** Completions to draw. Default: 7. */
  samples: asked(count.default(7), 'count', 'completions to draw', { most: 64 }),
  /** Screen pixels for one pixel of the model. Default: 4. */
  scale: asked(count.default(4), 'factor', 'enlarge for the eye', { most: 64 }),
  /** Whether `out` may take the place of what is there. Default: it may not, and never of the image. */
  overwrite,
  /** Default: `crop`. */
  fit: asked(fit.default('crop'), 'name', "how the image is brought to the model's size"),
  /** Default: 1. */
  seed,
};

/** See `completeImage`. */
export const completeImageFields = {
  ...completeFlags,
  /** Contact sheet (.png): the image, what is kept of it, then the samples. */
  out: z.string(),
  /** Default: the model's own distribution. */
  settings: z.strictObject(imageDrawing).optional(),
  /** Told after each row, with the share of the work that is done. */
  onProgress: callback<(share: number) => void>(),
  signal,
};
