import { z } from 'zod';
import * as fields from './fields.js';

/** Option fields that `predictClip` and `scoreClips` share: resize mode, sampling settings, warnings and abort. */
export const clipFields = {
  /** Resize mode for a clip of another aspect ratio: `crop` or `stretch`. Default: `crop`. */
  fit: fields.fit.optional(),
  /** Sampling settings that override the model's; see `samplingSettings`. */
  settings: z.strictObject(fields.rolloutSamplingFields).optional(),
  /** Called with each warning, one line of text: a damaged or skipped clip, a different frame rate, and the like. */
  onWarning: fields.callbackField<(text: string) => void>(),
  /** Signal that aborts the task: the call rejects with the signal's reason. */
  signal: fields.signal,
  /**
   * True: if this process works alone and has finished frames or clips, an abort returns them instead of rejecting.
   * Default: false.
   */
  keepFinished: fields.keepFinished,
};
