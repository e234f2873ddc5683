import { z } from 'zod';
import * as fields from './fields.js';

/** Options of every task that shows clips to a model of video. */
export const clipFields = {
  /** How a clip of another aspect ratio is brought to one size. Default: `crop`. */
  fit: fields.fit.optional(),
  /** Sampling settings that replace those of the model; see `samplingSettings`. */
  settings: z.strictObject(fields.futureDrawing).optional(),
  /** Called with each warning, one line of text: a damaged or skipped clip, a frame rate that differs, and the like. */
  onWarning: fields.callback<(text: string) => void>(),
  signal: fields.signal,
};
