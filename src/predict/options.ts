import { z } from 'zod';
import { clipFields } from '../options/clips.js';
import * as fields from '../options/fields.js';
import type { OutputKind } from '../video/index.js';

const { withFlag, callback, positiveInteger, booleanFlag } = fields;

/** What is written of each predicted frame. */
const forecasts = z.enum(['samples', 'best-guess']);
export type Forecast = z.infer<typeof forecasts>;

/** What is asked of a prediction, by `pxv predict` too. */
export const predictFlags = {
  /** Frames to predict. Default: 8. */
  horizon: withFlag(positiveInteger.default(8), 'frames', 'frames to predict', { name: 'next', max: 100_000 }),
  /** Futures to draw, each a panel of the output. Default: 1. */
  samples: withFlag(positiveInteger.default(1), 'count', 'futures to draw, a panel for each', { max: 64 }),
  /**
   * Index of the first frame to predict; null, the default: the one after the clip's last. Where there is a truth, it is a
   * panel too.
   */
  from: withFlag(
    positiveInteger.nullish(),
    'frame',
    'first frame to predict, counted from 0; the truth is shown beside',
  ),
  /** Frames at the clip's end that are predicted, in the place of `horizon` and `from`. */
  holdOut: withFlag(
    positiveInteger.optional(),
    'frames',
    "predict the clip's own last frames; the truth is shown beside",
    {
      max: 100_000,
      conflicts: ['horizon', 'from'],
    },
  ),
  /**
   * Whether what is expected is corrected by how known frames could have been expected from those before them (see `learnCorrection`).
   * Default: it is not.
   */
  adapt: booleanFlag(
    'learn first from the clip: how its known frames could have been predicted from those before them',
  ),
  /**
   * Known frames that are shown before the predicted ones, or "all". Default: as many as are predicted, and at least two seconds.
   */
  known: withFlag(
    fields.framesOrAll.optional(),
    'frames',
    'known frames to show before, or all (default: as many as are predicted, and at least two seconds)',
  ),
  /** Whether the bare frames are written, without labels, borders and numbers. Default: a film or sheet explains itself. */
  plain: booleanFlag(
    'the bare frames, without labels, borders and frame numbers (.mp4 and .webm repeat a last row or column to have even sides)',
  ),
  /** Screen pixels for one pixel of the model. Default: enough to read what is written beside the frames; else 1. */
  scale: withFlag(positiveInteger.optional(), 'factor', 'enlarge for the eye (default: enough for the labels)', {
    max: 64,
  }),
  /** How many times slower the output plays than the clip. Default: 1. */
  slow: withFlag(positiveInteger.default(1), 'factor', 'play so many times slower than the clip', { max: 100 }),
  /** Whether `out` may take the place of what is there. Default: it may not, and never of the clip. */
  overwrite: fields.overwrite,
  /** Rate to bring the clip to. Default: its own, with a warning where the model learned at another. */
  frameRate: fields.frameRate,
  /** Default: 1. */
  seed: fields.seed,
};

/** See `predictClip`. */
export const predictClipFields = {
  ...predictFlags,
  ...clipFields,
  /** One size, or one at the clip's own aspect. Default: that aspect, with the shorter side of the model's images. */
  size: fields.pictureSize.optional(),
  /** A film (.mp4, .webm, .gif), a contact sheet (.png), or a folder. */
  out: z.string(),
  /**
   * What is written of each predicted frame: every sample, the default; or the best guess, the expected frame fed back, for which
   * nothing is drawn.
   */
  forecast: forecasts.default('samples'),
  /** Called with each known frame that is read: their number so far, and of all, about; null where that is not known. */
  onRead: callback<(done: number, total: number | null) => void>(),
  /** Called with the places in the known frames that hindcasts are made from: how many are done, and of how many. */
  onHindcast: callback<(done: number, total: number) => void>(),
  /** Called after each row that is drawn: frames finished, as a fraction, and their number over all samples. */
  onProgress: callback<(done: number, total: number) => void>(),
  /**
   * Called once a predicted frame is finished, where `out` takes the place of nothing: from then on, what an interruption leaves
   * is a clip that ends with it.
   */
  onPredicted: callback<() => void>(),
  /** The processes that draw the samples by shares, of which the first writes. Default: this one alone. */
  processGroup: fields.processGroup,
};

/** What several clips are predicted into, as `pxv predict` asks for it. */
export const formatFlag = {
  /** What each output is. Default: mp4. */
  kind: withFlag(
    z.enum(['mp4', 'webm', 'gif', 'png', 'folder'] satisfies OutputKind[]).optional(),
    'kind',
    'what to write where --out does not tell (default: mp4)',
    { name: 'format' },
  ),
};

/** See `predictClips`. */
export const predictClipsFields = {
  ...predictClipFields,
  ...formatFlag,
  /** Folder that gets an output for each clip, of the clip's name. */
  out: z.string(),
  /** Called with each known frame that is read: the clip at hand, the frames so far, and about how many it has. */
  onRead: callback<(progress: { name: string; done: number; total: number | null }) => void>(),
  /** Called with the places that hindcasts are made from: the clip at hand, how many are done, and of how many in it. */
  onHindcast: callback<(progress: { name: string; done: number; total: number }) => void>(),
  /** Called after each row that is drawn: the clip at hand, and the frames finished, as a fraction, of all clips. */
  onProgress: callback<(progress: { name: string; done: number; total: number }) => void>(),
};
