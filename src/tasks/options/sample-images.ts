import { z } from 'zod';
import { asked, callback, count, imageDrawing, overwrite, seed, signal } from './fields.js';

/** What is asked of a drawing of images, by `pxv sample` too. */
export const sampleFlags = {
  /** Images to draw. Default: 16. */
  count: asked(count.default(16), 'images', 'images to draw', { most: 100_000 }),
  /** Screen pixels for one pixel of the model. Default: 1. */
  scale: asked(count.default(1), 'factor', 'enlarge for the eye', { most: 64 }),
  /** Whether `out` may take the place of what is there. Default: it may not. */
  overwrite,
  /** Default: 1. */
  seed,
};

/** See `sampleImages`. */
export const sampleImagesFields = {
  ...sampleFlags,
  /** A `.png` file for a contact sheet, or a folder for one PNG file an image. */
  out: z.string(),
  /** Default: the model's own distribution. */
  settings: z.strictObject(imageDrawing).optional(),
  /** Told as rows are drawn: images done, as a fraction. */
  onProgress: callback<(done: number) => void>(),
  /** Told once images are finished: from then on, an interruption leaves those. */
  onDrawn: callback<() => void>(),
  /** Once it is aborted, the images finished so far are written. */
  signal,
};
