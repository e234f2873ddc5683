import { z } from 'zod';
import { clipFields } from '../clip-option-fields.js';
import * as fields from '../../foundation/option-fields.js';
import type { OutputKind } from '../../video/index.js';

const { withFlag, callbackField, positiveInteger, booleanFlag } = fields;

/** Schema of `Forecast`. */
const forecasts = z.enum(['samples', 'best-guess']);
/** Kind of prediction: 'samples', which are drawn, or 'best-guess', the rollout of expected frames. */
export type Forecast = z.infer<typeof forecasts>;

/** Options of `predictClip` that are flags of `pxv predict` too, such as frames to predict, samples and adaptation. */
export const predictFlags = {
  /** Number of frames to predict. Default: 8. */
  horizon: withFlag(positiveInteger.default(8), 'frames', 'frames to predict', { name: 'next', max: 100_000 }),
  /** Number of samples to draw, each a panel of the output. Default: 1. */
  samples: withFlag(positiveInteger.default(1), 'count', 'samples to draw, a panel for each', { max: 64 }),
  /**
   * Index of the first frame to predict; null, the default: the frame after the clip's last. If the index is given, the
   * true frames are shown in a panel of their own.
   */
  from: withFlag(
    positiveInteger.nullish(),
    'frame',
    'first frame to predict, counted from 0; the true frames are shown beside',
  ),
  /** Number of last frames of the clip to predict, instead of `horizon` and `from`. */
  holdOut: withFlag(
    positiveInteger.optional(),
    'frames',
    "predict the clip's own last frames; the true frames are shown beside",
    { max: 100_000, conflicts: ['horizon', 'from'] },
  ),
  /**
   * True to correct expected frames by hindcasts of the clip's known frames (see `learnCorrection`). Default: false.
   */
  adapt: booleanFlag('adapt to the clip first: correct predictions by the errors of hindcasts of its known frames'),
  /**
   * Maximum number of known frames shown before the predicted ones, or "all". Default: the greater of `horizon` and the
   * frames of two seconds; 0 for an array.
   */
  knownFrames: withFlag(
    fields.framesOrAll.optional(),
    'frames',
    'known frames to show first, or all (default: as many as are predicted, and at least two seconds; 0 for .npy)',
  ),
  /** True to write frames without labels, borders and numbers. Default: false, for videos and contact sheets. */
  plain: booleanFlag(
    'write frames without labels, borders and frame numbers (.mp4 and .webm repeat a last row or column ' +
      'if a side is odd)',
  ),
  /** Enlargement factor of the frames. Default: large enough for the labels to be legible; 1 without labels. */
  scale: withFlag(positiveInteger.optional(), 'factor', 'enlargement factor (default: enough for the labels)', {
    max: 64,
  }),
  /** Factor by which the output plays slower than the clip. Default: 1. */
  slow: withFlag(positiveInteger.default(1), 'factor', 'slow-motion factor, relative to the clip', { max: 100 }),
  /** True to overwrite `out`, though never the clip itself. Default: false. */
  overwrite: fields.overwrite,
  /** Target frame rate of the clip. Default: the clip's own, with a warning if the model was trained at another. */
  frameRate: fields.frameRate,
  /** Seed of the samples. Default: 1. */
  seed: fields.seed,
  /** Kind of prediction: 'samples', or 'best-guess', for which nothing is drawn. Default: 'samples'. */
  forecast: forecasts.default('samples').register(fields.flagRegistry, {
    name: 'best-guess',
    preset: 'best-guess' satisfies Forecast,
    help: 'write the rollout of expected frames; nothing in it is random',
    conflicts: ['samples', 'temperature'],
  }),
};

/** Schema of the options of `predictClip`: its flags, options of clips, size, output and callbacks. */
export const predictClipFields = {
  ...predictFlags,
  ...clipFields,
  /**
   * Size at which the clip is read and predicted. Default: the clip's aspect ratio, with the shorter side of the
   * model's frames.
   */
  size: fields.targetSize.optional(),
  /**
   * Path of the output: a video (.mp4, .webm, .mkv, .gif), a contact sheet (.png), an array (.npy), or a folder (no
   * extension, or a trailing slash).
   */
  out: z.string(),
  /** Called for each known frame read: the number read so far, and an estimate of the total or null if unknown. */
  onRead: callbackField<(done: number, total: number | null) => void>(),
  /** Called as hindcasts are made: the number of finished hindcasts, and the number of all hindcasts. */
  onHindcast: callbackField<(done: number, total: number) => void>(),
  /** Called after each drawn row: frames finished, with fractions, and their total over all samples. */
  onProgress: callbackField<(done: number, total: number) => void>(),
  /**
   * Called for each finished predicted frame that an abort would keep: with `keepFinished`, if `out` does not replace
   * an existing output.
   */
  onPredicted: callbackField<() => void>(),
};

/** Option of `predictClips` that is a flag of `pxv predict` too: `kind`, the kind of each clip's output. */
export const formatFlag = {
  /** Kind of each clip's output. Default: mp4. */
  kind: withFlag(
    z.enum(['mp4', 'webm', 'mkv', 'gif', 'png', 'npy', 'folder'] satisfies OutputKind[]).optional(),
    'kind',
    'output format if --out does not name one (default: mp4)',
    { name: 'format' },
  ),
};

/**
 * Schema of the options of `predictClips`: those of `predictClip` with an output folder, and callbacks that name the
 * clip.
 */
export const predictClipsFields = {
  ...predictClipFields,
  ...formatFlag,
  /**
   * Folder to write to, without extension or with a trailing slash. Each clip has one output there, of the clip's name.
   */
  out: z.string(),
  /**
   * Called for each known frame read: the clip's name, the number read so far, and an estimate of its total or null.
   */
  onRead: callbackField<(progress: { name: string; done: number; total: number | null }) => void>(),
  /**
   * Called as hindcasts are made: the clip's name, the number of finished hindcasts, and the number of all its
   * hindcasts.
   */
  onHindcast: callbackField<(progress: { name: string; done: number; total: number }) => void>(),
  /**
   * Called after each drawn row: the clip's name, and the frames finished, with fractions, and their total over all
   * clips.
   */
  onProgress: callbackField<(progress: { name: string; done: number; total: number }) => void>(),
};
