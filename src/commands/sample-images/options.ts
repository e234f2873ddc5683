import { z } from 'zod';
import * as fields from '../../foundation/option-fields.js';

const { withFlag, callbackField, positiveInteger, signal, keepFinished } = fields;

/**
 * Options of `sampleImages` that are flags of `pxv sample` too: number of images, enlargement, overwriting and seed.
 */
export const sampleFlags = {
  /** Number of images to draw. Default: 16. */
  count: withFlag(positiveInteger.default(16), 'images', 'images to draw', { max: 100_000 }),
  /** Enlargement factor of the images. Default: 1. */
  scale: withFlag(positiveInteger.default(1), 'factor', 'enlargement factor', { max: 64 }),
  /** True to overwrite `out`. Default: false. */
  overwrite: fields.overwrite,
  /** Seed of the samples. Default: 1. */
  seed: fields.seed,
};

/** Schema of the options of `sampleImages`: its flags, output, sampling settings, callbacks and treatment of aborts. */
export const sampleImagesFields = {
  ...sampleFlags,
  /**
   * Path of the output: a contact sheet (.png), or a folder with one PNG file per image (no extension, or a trailing
   * slash).
   */
  out: z.string(),
  /** Sampling settings. Default: the model's own distribution. */
  settings: z.strictObject(fields.imageSamplingFields).optional(),
  /** Called after each drawn row with the number of finished images, with fractions. */
  onProgress: callbackField<(done: number) => void>(),
  /** Called after each batch of images; with `keepFinished`, an abort after the call leaves these images. */
  onDrawn: callbackField<() => void>(),
  /** Signal that aborts the task: the call rejects with the signal's reason. */
  signal,
  /** True: on an abort, finished images are written and returned, if there are any. Default: false. */
  keepFinished,
};

/**
 * Options of `completeImage` that are flags of `pxv complete` too: first row to draw, samples, enlargement,
 * overwriting, fit and seed.
 */
export const completeFlags = {
  /** Index of the first row to draw, at the model's size. Default: half the height. */
  fromRow: withFlag(
    fields.nonNegativeInteger.optional(),
    'row',
    'first row to draw, counted from 0 (default: half the height)',
  ),
  /** Number of samples to draw. Default: 7. */
  samples: withFlag(positiveInteger.default(7), 'count', 'completions to draw', { max: 64 }),
  /** Enlargement factor of the images. Default: 4. */
  scale: withFlag(positiveInteger.default(4), 'factor', 'enlargement factor', { max: 64 }),
  /** True to overwrite `out`, though never the input image. Default: false. */
  overwrite: fields.overwrite,
  /** Method of bringing the image to the model's size. Default: `crop`. */
  fit: withFlag(fields.fit.default('crop'), 'name', "how the image is fitted to the model's size"),
  /** Seed of the samples. Default: 1. */
  seed: fields.seed,
};

/**
 * Schema of the options of `completeImage`: its flags, output, sampling settings, progress callback and abort signal.
 */
export const completeImageFields = {
  ...completeFlags,
  /** Path of a contact sheet (.png): the image, its kept rows, then the samples. */
  out: z.string(),
  /** Sampling settings. Default: the model's own distribution. */
  settings: z.strictObject(fields.imageSamplingFields).optional(),
  /** Called after each drawn row with the fraction of the work that is finished. */
  onProgress: callbackField<(share: number) => void>(),
  signal,
};
