import { z } from 'zod';
import { callback, count, countOrNone, fit, flags, imageDrawing, overwrite, SCALE, seed, signal } from './fields.js';

/** What is asked of a completion, by `pxv complete` too. */
export const completeFlags = {
  /** The first row, from 0 at the model's size, that is drawn anew. Default: half way down. */
  fromRow: countOrNone
    .optional()
    .register(flags, { value: 'row', help: 'first row to draw, from 0 (default: half way down)' }),
  /** Completions to draw. Default: 7. */
  samples: count.default(7).register(flags, { value: 'count', most: 64, help: 'completions to draw' }),
  /** Screen pixels for one pixel of the model. Default: 4. */
  scale: count.default(4).register(flags, SCALE),
  /** Whether `out` may take the place of what is there. Default: it may not, and never of the image. */
  overwrite,
  /** Default: `crop`. */
  fit: fit.default('crop').register(flags, { value: 'name', help: "how the image is brought to the model's size" }),
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
