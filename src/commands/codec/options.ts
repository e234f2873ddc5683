import { z } from 'zod';
import type { EncodedFrame } from '../../coding/encode-frames.js';
import { readingFields } from '../clip-option-fields.js';
import * as fields from '../../foundation/option-fields.js';

const { withFlag, callbackField, positiveInteger, booleanFlag } = fields;

/** Options of `encodeClip` that are flags of `pxv encode` too. */
export const encodeFlags = {
  /** Number of frames from one key frame to the next. Default: 300. */
  keyFrameInterval: withFlag(
    positiveInteger.default(300),
    'frames',
    'number of frames from one key frame to the next; after damage, decoding resumes at a key frame',
    { max: 1_000_000 },
  ),
  /** True to embed the model's file in the coded file, which then decodes without the model. Default: false. */
  withModel: booleanFlag('embed the model in the file, so that any pxv decodes it'),
  /** Target frame rate. Default: the clip's own. */
  frameRate: fields.frameRate,
  /** True to replace an existing file at `out`. Default: false. */
  overwrite: fields.overwrite,
};

/** Schema of the options of `encodeClip`. After an abort, nothing of the result remains. */
export const encodeClipFields = {
  ...encodeFlags,
  ...readingFields,
  /** Target size: fixed, or at the clip's aspect ratio. Default: the clip's, with the model's shorter side. */
  size: fields.targetSize.optional(),
  /** Path of the file to write. */
  out: z.string(),
  /** Called with each encoded frame and the estimated number of frames, null if unknown. */
  onFrame: callbackField<(frame: EncodedFrame, total: number | null) => void>(),
};

/** Schema of the options of `decodeFile`. */
export const decodeFileFields = {
  /** Model to try before the shipped models: name, file or run folder. Default: shipped models alone. */
  model: z.string().optional(),
  /** True to replace an existing output at `out`. Default: false. */
  overwrite: fields.overwrite,
  /**
   * Path of the output: a folder of PNG files, `.mkv` (FFV1) or `.npy`, which are exact; or `.mp4`, `.webm`, `.gif` or
   * `.png` for viewing.
   */
  out: z.string(),
  /** Called with the number of frames so far. */
  onFrame: callbackField<(frames: number) => void>(),
  /** Signal that aborts the task: the call rejects with the signal's reason, and nothing of the result remains. */
  signal: fields.signal,
};
