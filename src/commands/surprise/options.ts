import { z } from 'zod';
import type { AnomalyEvent } from '../../anomaly/event-detector.js';
import type { TimelineRow } from './search-checkpoint.js';
import { readingFields } from '../clip-option-fields.js';
import * as fields from '../../foundation/option-fields.js';

const { withFlag, booleanFlag, callbackField } = fields;

/** Options that `findSurprise` and the command `pxv surprise` share; each is a flag of the command. */
export const surpriseFlags = {
  /**
   * Source of the baseline: paths of clips without anomalies, or the first seconds of the clip itself, as `60s`. These
   * seconds are not scored. Default: a running baseline over about 20 seconds, which for a file starts from its first
   * 20 seconds.
   */
  learn: withFlag(
    z.array(z.string()).min(1).optional(),
    'clips...',
    'clips, or the first seconds of the clip as 60s, to fit the baseline to (default: a running baseline)',
  ),
  /** Minimum anomaly score of an event's peak. Default: 1.5. */
  threshold: withFlag(
    fields.positiveNumber.optional(),
    'score',
    'minimum score of an event (default: 1.5); if given, the exit code is 3 if there was an event',
  ),
  /** Frame size in pixels of a raw RGB stream. Default: the stream is a video file. */
  rawSize: withFlag(
    fields.pixelSize.optional(),
    'WxH',
    'with -: standard input has raw RGB frames of this size, at --fps',
    { name: 'raw' },
  ),
  /**
   * True to drop frames of a stream that arrives faster than it is scored; false to hold up the sender. Default: false.
   */
  dropLate: booleanFlag(
    'with -: drop frames if a camera sends faster than they are scored (default: the camera waits)',
  ),
  /** Target frame rate. Default: the clip's own. */
  frameRate: fields.frameRate,
  /** True to replace an earlier search at `out`. Default: false. */
  overwrite: fields.overwrite,
};

/**
 * Schema of the options of `findSurprise`: its flags, reading, size, output, callbacks and treatment of aborts. After
 * an abort, the same call resumes the search.
 */
export const findSurpriseFields = {
  ...surpriseFlags,
  ...readingFields,
  /** Target size: fixed, or at the clip's aspect ratio. Default: the clip's, with the model's shorter side. */
  size: fields.targetSize.optional(),
  /** Folder for the video and for the timeline as CSV and PNG; or a `.mp4` for the video alone. Default: no output. */
  out: z.string().optional(),
  /** Called with the timeline row of each scored frame, in order, and the clip's frames per second. */
  onFrame: callbackField<(row: TimelineRow, frameRate: number) => void>(),
  /** Called with each event once the event is over, and the clip's frames per second. */
  onEvent: callbackField<(event: AnomalyEvent, frameRate: number) => void>(),
  /**
   * Called with the number of frames done and the estimated total, null if unknown. `learn` is fitting the baseline.
   */
  onProgress: callbackField<(progress: { what: 'learn' | 'watch'; done: number; total: number | null }) => void>(),
  /** True: an abort ends a stream, and its frames so far are the result. Default: false. */
  keepFinished: fields.keepFinished,
};
