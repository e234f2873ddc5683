import { z } from 'zod';
import type { Model } from '../model/model.js';
import * as fields from '../options/fields.js';

const { withFlag, callback, positiveInteger, signal, booleanFlag } = fields;

/** What is asked of a report, by `pxv report` too. */
export const reportFlags = {
  /** Frames at a clip's end that are predicted, and shown beside the true ones. Default: 8. */
  holdOut: withFlag(positiveInteger.default(8), 'frames', 'of a clip: predict so many of its own last frames', {
    max: 1000,
  }),
  /** Futures that are drawn of a clip. Default: 4. */
  samples: withFlag(positiveInteger.default(4), 'count', 'of a clip: futures to draw', { max: 64 }),
  /** Default: 1. */
  seed: fields.seed,
  /** Whether the figures are written beside the page, as CSV, in a folder. Default: they are not. */
  csv: booleanFlag('write the figures of charts and tables beside it, in the folder of the same name and -csv'),
  /** Whether `out` may take the place of what is there. Default: it may not. */
  overwrite: fields.overwrite,
};

/** See `writeReport`. */
export const writeReportFields = {
  ...reportFlags,
  /** The page, a `.html`. */
  out: z.string(),
  /** What predicts clips; asked once a clip is among what is reported on. */
  model: z.custom<() => Promise<Model>>((value) => typeof value === 'function', 'expected a function').optional(),
  /** How it was made, in a line of the page. Default: nothing is said. */
  made: z.string().optional(),
  /** Called as clips are predicted: the clip at hand, what is done, and how many frames of how many. */
  onProgress: callback<(progress: { name: string; what: string; done: number; total: number }) => void>(),
  /** One line about a clip that the user should know. */
  onWarning: callback<(text: string) => void>(),
  signal,
};
