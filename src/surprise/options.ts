import { z } from 'zod';
import type { TimelineRow } from './search-checkpoint.js';
import {
  withFlag,
  callback,
  fit,
  frameRate,
  overwrite,
  pictureSize,
  pixelSize,
  processGroup,
  signal,
} from '../options/fields.js';

/** What is asked of a search for what was unexpected, by `pxv surprise` too. */
export const surpriseFlags = {
  /**
   * What is usual: clips that show nothing else, or so many seconds of the clip itself, which are then not looked at. Default: what the clip
   * has shown before.
   */
  learn: withFlag(
    z.array(z.string()).min(1).optional(),
    'clips...',
    'clips that show what is usual, or the first seconds of the clip, as 60s (default: what it has shown before)',
  ),
  /** Rate to bring clips to. Default: their own. */
  frameRate,
  /** Whether `out` may take the place of an earlier search. Default: it may not. */
  overwrite,
};

/** See `findSurprise`. */
export const findSurpriseFields = {
  ...surpriseFlags,
  /** How a clip of another aspect is brought to one size. Default: `crop`. */
  fit: fit.optional(),
  /** One size, or one at the clip's own aspect. Default: that aspect, with the shorter side of the model's images. */
  size: pictureSize.optional(),
  /** Folder for the film, and for the timeline as CSV and as a picture; or a `.mp4`, for the film alone. Default: nothing is written. */
  out: z.string().optional(),
  /** Size in pixels of the frames of a stream that is nothing but their bytes: red, green, blue. Default: the stream is a film. */
  rawSize: pixelSize.optional(),
  /** Called with each frame that was looked at, in order: what its row in the timeline has, and frames a second. */
  onFrame: callback<(row: TimelineRow, frameRate: number) => void>(),
  /** Called as frames are looked at: how many so far, and about how many there are; null where that is not known. */
  onProgress: callback<(progress: { what: 'learn' | 'watch'; done: number; total: number | null }) => void>(),
  /** Called with one line about a clip that is damaged, and of what else the user should know. */
  onWarning: callback<(text: string) => void>(),
  /** The processes that look together at a clip, of which the first writes. Default: this one alone. */
  processGroup,
  /** Ends the search, which the same call goes on with; it is the end of a stream. */
  signal,
};
