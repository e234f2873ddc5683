import { z } from 'zod';
import type { OutputKind } from '../video/index.js';
import * as fields from '../options/fields.js';

const { asked, callback, count, countOrNone, signal, toggle } = fields;

/** What predictions and scores of clips take, and their commands ask for in other words. */
const seenClips = {
  /** How a clip of another aspect is brought to one size. Default: `crop`. */
  fit: fields.fit.optional(),
  /** How futures are drawn, over what `futureSettings` has for the model. */
  settings: z.strictObject(fields.futureDrawing).optional(),
  /** One line about a clip that is damaged or left out, and what else the user should know. */
  onWarning: callback<(text: string) => void>(),
  signal,
};

/** What is written of each predicted frame. */
const forecasts = z.enum(['samples', 'best-guess']);
export type Forecast = z.infer<typeof forecasts>;

/** What is asked of a prediction, by `pxv predict` too. */
export const predictFlags = {
  /** Frames to predict. Default: 8. */
  horizon: asked(count.default(8), 'frames', 'frames to predict', { name: 'next', most: 100_000 }),
  /** Futures to draw, each a panel of the output. Default: 1. */
  samples: asked(count.default(1), 'count', 'futures to draw, a panel for each', { most: 64 }),
  /**
   * Index of the first frame to predict; null, the default: the one after the clip's last. Where there is a truth, it is a
   * panel too.
   */
  from: asked(count.nullish(), 'frame', 'first frame to predict, counted from 0; the truth is shown beside'),
  /** Frames at the clip's end that are predicted, in the place of `horizon` and `from`. */
  holdOut: asked(count.optional(), 'frames', "predict the clip's own last frames; the truth is shown beside", {
    most: 100_000,
    conflicts: ['horizon', 'from'],
  }),
  /**
   * Whether what is expected is corrected by how known frames could have been expected from those before them (see `learnCorrection`).
   * Default: it is not.
   */
  adapt: toggle('learn first from the clip: how its known frames could have been predicted from those before them'),
  /**
   * Known frames that are shown before the predicted ones, or "all". Default: as many as are predicted, and at least two seconds.
   */
  known: asked(
    fields.framesOrAll.optional(),
    'frames',
    'known frames to show before, or all (default: as many as are predicted, and at least two seconds)',
  ),
  /** Whether the bare frames are written, without labels, borders and numbers. Default: a film or sheet explains itself. */
  plain: toggle(
    'the bare frames, without labels, borders and frame numbers (.mp4 and .webm repeat a last row or column to have even sides)',
  ),
  /** Screen pixels for one pixel of the model. Default: enough to read what is written beside the frames; else 1. */
  scale: asked(count.optional(), 'factor', 'enlarge for the eye (default: enough for the labels)', { most: 64 }),
  /** How many times slower the output plays than the clip. Default: 1. */
  slow: asked(count.default(1), 'factor', 'play so many times slower than the clip', { most: 100 }),
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
  ...seenClips,
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
export const kindFlag = {
  /** What each output is. Default: mp4. */
  kind: asked(
    z.enum(['mp4', 'webm', 'gif', 'png', 'folder'] satisfies OutputKind[]).optional(),
    'kind',
    'what to write where --out does not tell (default: mp4)',
    { name: 'format' },
  ),
};

/** See `predictClips`. */
export const predictClipsFields = {
  ...predictClipFields,
  ...kindFlag,
  /** Folder that gets an output for each clip, of the clip's name. */
  out: z.string(),
  /** Called with each known frame that is read: the clip at hand, the frames so far, and about how many it has. */
  onRead: callback<(progress: { name: string; done: number; total: number | null }) => void>(),
  /** Called with the places that hindcasts are made from: the clip at hand, how many are done, and of how many in it. */
  onHindcast: callback<(progress: { name: string; done: number; total: number }) => void>(),
  /** Called after each row that is drawn: the clip at hand, and the frames finished, as a fraction, of all clips. */
  onProgress: callback<(progress: { name: string; done: number; total: number }) => void>(),
};

/** What is asked of a scoring of clips, by `pxv eval-video` too. */
export const scoreClipsFlags = {
  /** Frames to predict from each start; 0: none. Default: 8. */
  horizon: asked(countOrNone.default(8), 'frames', 'frames to predict from each start', { most: 1000 }),
  /** Places of a clip from which frames are predicted, evenly spread. Default: 4. */
  starts: asked(count.default(4), 'count', 'places of each clip to predict from, evenly spread', { most: 1000 }),
  /** Futures to draw at each start. Default: 4. */
  samples: asked(count.default(4), 'count', 'futures to draw at each start', { most: 64 }),
  /**
   * Whether a clip is learned from as it goes. The weights that score it go on learning from each of its frames once it is scored (see
   * `Adaptation`, `scoreEach`), and forecasts are corrected by hindcasts of the frames known before them (see `learnCorrection`).
   * Each clip begins again. Default: it is not.
   */
  adapt: toggle('learn from each clip as it goes: fewer bits, forecasts nearer to the truth, several times as long'),
  /** Whether lossless codecs compress the same frames. Default: they do not. */
  codecs: toggle('bits of lossless codecs for the same frames: x264, x265 and FFV1 of FFmpeg'),
  /** Rate to bring clips to. Default: each is read at its own, with a warning where the model learned at another. */
  frameRate: fields.frameRate,
  /** Default: 1. */
  seed: fields.seed,
};

export interface ScoringProgress {
  /** Of the clip at hand. */
  name: string;
  /** Clips that are done with. */
  done: number;
  clips: number;
  what: 'score' | 'hindcast' | 'predict' | 'compress';
  /** Frames of this clip that are done; of those that are drawn, with the share of the ones at hand; of hindcasts the places. */
  frames: number;
}

/** See `scoreClips`. */
export const scoreClipsFields = {
  ...scoreClipsFlags,
  ...seenClips,
  /** One size for all clips, or one for each at its own aspect. Default: the model's. */
  size: fields.pictureSize.optional(),
  /** Called as clips are scored, with the clip at hand and how much of it is done. */
  onProgress: callback<(progress: ScoringProgress) => void>(),
  /** The processes that share the clips: see `joinProcessGroup`. Default: this one alone. */
  processGroup: fields.processGroup,
};
