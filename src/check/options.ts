import * as fields from '../options/fields.js';
import type { CheckProgress } from './finding.js';

const { withFlag, callback, signal } = fields;

/** What is asked of a check, by `pxv check` too. */
export const checkFlags = {
  /** The model is checked at this size, in whole. Default: at its own, and smaller where that would take long. */
  size: withFlag(
    fields.pixelSize.optional(),
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
