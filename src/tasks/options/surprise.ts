import { z } from 'zod';
import { asked, callback, fit, frameRate, overwrite, pictureSize, signal } from './fields.js';

/** What is asked of a search for what was unexpected, by `pxv surprise` too. */
export const surpriseFlags = {
  /**
   * What is usual: clips that show nothing else, or so many seconds of the clip itself, which are then not looked at. Default: what the clip
   * has shown before.
   */
  learn: asked(
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
  /** Folder for the film, and for the timeline as CSV and as a picture. */
  out: z.string(),
  /** Called as frames are looked at: how many so far, and about how many there are; null where that is not known. */
  onProgress: callback<(progress: { what: 'learn' | 'watch'; done: number; total: number | null }) => void>(),
  /** Called with one line about a clip that is damaged, and of what else the user should know. */
  onWarning: callback<(text: string) => void>(),
  /** Ends the search: nothing is left of it. */
  signal,
};
