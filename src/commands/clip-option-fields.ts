import { z } from 'zod';
import * as fields from '../foundation/option-fields.js';

/** Option fields of all tasks that read clips: resize mode, warnings and abort. */
export const readingFields = {
  /** Resize mode for a clip of another aspect ratio: `crop` or `stretch`. Default: `crop`. */
  fit: fields.fit.optional(),
  /** Called with each warning, one line of text: a damaged or skipped clip, a different frame rate, and the like. */
  onWarning: fields.callbackField<(text: string) => void>(),
  /** Signal that aborts the task: the call rejects with the signal's reason. */
  signal: fields.signal,
};

/** Option fields that `predictClip` and `scoreClips` share: reading, sampling settings and treatment of aborts. */
export const clipFields = {
  ...readingFields,
  /** Sampling settings that override the model's; see `samplingSettings`. */
  settings: z.strictObject(fields.rolloutSamplingFields).optional(),
  /**
   * True: if this process works alone and has finished frames or clips, an abort returns them instead of rejecting.
   * Default: false.
   */
  keepFinished: fields.keepFinished,
};
