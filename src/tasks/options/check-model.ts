import type { CheckProgress } from '../../evaluation/check/finding.js';
import { asked, callback, pixels, seed, signal } from './fields.js';

/** What is asked of a check, by `pxv check` too. */
export const checkFlags = {
  /** The model is checked at this size, in whole. Default: at its own, and smaller where that would take long. */
  size: asked(
    pixels.optional(),
    'WxH',
    "size of the images to check at, whatever it takes (default: the model's, or less)",
  ),
  /** Default: 1. */
  seed,
};

/** See `checkModel`. */
export const checkModelFields = {
  ...checkFlags,
  onProgress: callback<(progress: CheckProgress) => void>(),
  signal,
};
