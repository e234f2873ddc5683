import { z } from 'zod';
import type { Model } from '../../model/model.js';
import * as fields from '../../foundation/option-fields.js';

const { withFlag, callbackField, positiveInteger, signal, booleanFlag } = fields;

/**
 * Options of `writeReport` that are flags of `pxv report` too: frames to hold out, samples, seed, CSV files and
 * overwriting.
 */
export const reportFlags = {
  /** Number of last frames of a clip to predict, and to show beside the true frames. Default: 8. */
  holdOut: withFlag(positiveInteger.default(8), 'frames', 'number of last frames of a clip to hold out and predict', {
    max: 1000,
  }),
  /** Number of samples to draw for each clip. Default: 4. */
  samples: withFlag(positiveInteger.default(4), 'count', 'samples to draw of a clip', { max: 64 }),
  /** Seed of the samples. Default: 1. */
  seed: fields.seed,
  /**
   * True to write the figures of charts and tables as CSV files to the folder `<name>-csv` beside `<name>.html`.
   * Default: false.
   */
  csv: booleanFlag('write the figures of charts and tables as CSV too, to the folder NAME-csv'),
  /** True to overwrite `out` and the folder of CSV files. Default: false. */
  overwrite: fields.overwrite,
};

/** Schema of the options of `writeReport`: its flags, output, model, callbacks and abort signal. */
export const writeReportFields = {
  ...reportFlags,
  /** Path of the HTML file (.html) to write. */
  out: z.string(),
  /** Loads the model that predicts clips. Called if an input is a clip. */
  model: z.custom<() => Promise<Model>>((value) => typeof value === 'function', 'expected a function').optional(),
  /** Line of text on how the report was made. Default: no line. */
  made: z.string().optional(),
  /** Called as clips are predicted: the clip's name, the kind of work, and frames finished and in total. */
  onProgress: callbackField<(progress: { name: string; what: string; done: number; total: number }) => void>(),
  /** Called with each warning about a clip, one line of text. */
  onWarning: callbackField<(text: string) => void>(),
  signal,
};
