import { z } from 'zod';
import type { WrittenFrame } from '../coding/encode-frames.js';
import * as fields from '../options/fields.js';

const {
  withFlag,
  callback,
  positiveInteger,
  fit,
  frameRate,
  overwrite,
  pictureSize,
  processGroup,
  signal,
  booleanFlag,
} = fields;

/** What is asked of a file that is written, by `pxv encode` too. */
export const encodeFlags = {
  /** Frames from one key frame, which needs none before it, to the next. Default: 300. */
  keyFrameInterval: withFlag(
    positiveInteger.default(300),
    'frames',
    'a frame that needs none before it stands so often: damage costs no more than the frames up to it',
    { max: 1_000_000 },
  ),
  /** Whether the model's own file stands in the file, which is then read without it. */
  withModel: booleanFlag('put the model into the file, which any pxv then reads'),
  /** Rate to bring the clip to. Default: its own. */
  frameRate,
  /** Whether `out` may take the place of a file. Default: it may not. */
  overwrite,
};

/** See `encodeClip`. */
export const encodeClipFields = {
  ...encodeFlags,
  /** How a clip of another aspect is brought to one size. Default: `crop`. */
  fit: fit.optional(),
  /** One size, or one at the clip's own aspect. Default: that aspect, with the shorter side of the model's images. */
  size: pictureSize.optional(),
  /** The file to write. */
  out: z.string(),
  /** Called with each frame that is written, and about how many there are; null where that is not known. */
  onFrame: callback<(frame: WrittenFrame, total: number | null) => void>(),
  /** Called with one line about a clip that is damaged, and of what else the user should know. */
  onWarning: callback<(text: string) => void>(),
  /** The processes that encode together, of which the first writes. Default: this one alone. */
  processGroup,
  /** Ends the work: nothing is left of it. */
  signal,
};

/** See `decodeFile`. */
export const decodeFileFields = {
  /** A model to look at first, by its name, file or run folder. Default: the shipped ones are looked through. */
  model: z.string().optional(),
  /** Whether `out` may take the place of what is there. Default: it may not. */
  overwrite,
  /** Where the frames go: a folder for PNG files, which are exact; `.mp4`, `.webm`, `.gif`, `.png` to look at. */
  out: z.string(),
  /** Called with the number of frames so far. */
  onFrame: callback<(frames: number) => void>(),
  /** Ends the work: nothing is left of it. */
  signal,
};
