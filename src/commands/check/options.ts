import * as fields from '../../foundation/option-fields.js';
import type { CheckProgress } from './finding.js';

const { withFlag, callbackField, signal } = fields;

/** Options of `checkModel` that are flags of `pxv check` too: `size` and `seed`. */
export const checkFlags = {
  /**
   * Size of the images to check at, whatever the work. Default: the model's size, or a smaller size for large models.
   */
  size: withFlag(fields.pixelSize.optional(), 'WxH', "size of the images to check (default: the model's, or less)"),
  /** Seed of the random images and weights. Default: 1. */
  seed: fields.seed,
};

/** Schema of the options of `checkModel`. */
export const checkModelFields = {
  ...checkFlags,
  /** Called with the progress of each check. */
  onProgress: callbackField<(progress: CheckProgress) => void>(),
  signal,
};
