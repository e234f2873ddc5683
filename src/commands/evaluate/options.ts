import { z } from 'zod';
import type { Split } from '../../../datasets/index.js';
import { clipFields } from '../clip-option-fields.js';
import { protocolNames } from './protocols/index.js';
import { processGroup } from '../../distributed/process-group-option.js';
import * as fields from '../../foundation/option-fields.js';

const { withFlag, callbackField, positiveInteger, nonNegativeInteger, signal, booleanFlag } = fields;

/** Options of `scoreClips` and `scoreProtocol` that are flags of `pxv eval-video` too. */
const sharedFlags = {
  /** Path of a CSV file of the scores: a row for each clip, horizon, forecast and metric. Default: none is written. */
  csv: withFlag(
    z.string().optional(),
    'file',
    'write the scores as CSV too: a row for each clip, frames ahead, forecast and metric',
  ),
  /** True to overwrite `csv`, though never a clip. Default: false. */
  overwrite: booleanFlag('replace an existing --csv'),
  /** Target frame rate of all clips. Default: each clip's own, with a warning if the model was trained at another. */
  frameRate: fields.frameRate,
  /** Seed of the samples. Default: 1. */
  seed: fields.seed,
};

/**
 * Options of `scoreClips` that are flags of `pxv eval-video` too: forecasts, adaptation, codecs, CSV file, frame rate
 * and seed.
 */
export const scoreClipsFlags = {
  /** Number of frames to predict from each start; 0: none. Default: 8. */
  horizon: withFlag(nonNegativeInteger.default(8), 'frames', 'frames to predict from each start', { max: 1000 }),
  /** Maximum number of starts per clip, evenly spaced, from which frames are predicted. Default: 4. */
  starts: withFlag(positiveInteger.default(4), 'count', 'number of starts of forecasts in each clip, evenly spread', {
    max: 1000,
  }),
  /** Number of samples to draw at each start. Default: 4. */
  samples: withFlag(
    positiveInteger.optional(),
    'count',
    'samples to draw at each start (default: 4; 10 under a protocol)',
    { max: 1000 },
  ),
  /**
   * True to adapt to each clip. By dynamic evaluation (see `DynamicEvaluation`, `scoreItems`), the weights learn from
   * each frame after the frame is scored. Forecasts are corrected by hindcasts of known frames (see `learnCorrection`).
   * Each clip starts from the model's weights. Default: false.
   */
  adapt: booleanFlag('adapt to each clip: fewer bits and better forecasts, in several times the time'),
  /** True to compress the scored frames with lossless codecs as well. Default: false. */
  codecs: booleanFlag('compare with lossless codecs on the same frames: x264, x265 and FFV1 of FFmpeg'),
  ...sharedFlags,
};

/** Progress of `scoreClips`. */
export interface ScoringProgress {
  /** Name of the current clip. */
  name: string;
  /** Number of clips that are finished or skipped. */
  done: number;
  /** Number of all clips. */
  clips: number;
  /** Current work on the clip. */
  what: 'score' | 'hindcast' | 'predict' | 'compress';
  /**
   * Amount of this work done on the clip. 'score' and 'compress': frames. 'predict': drawn frames, with the fraction of
   * the current one. 'hindcast': hindcasts.
   */
  frames: number;
}

/** Option fields that `scoreClips` and `scoreProtocol` share. */
const scoringFields = {
  ...sharedFlags,
  ...clipFields,
  /** Called with progress as clips are scored. */
  onProgress: callbackField<(progress: ScoringProgress) => void>(),
  /** Process group that shares the clips (see `joinProcessGroup`). Default: this process alone. */
  processGroup,
};

/** Schema of the options of `scoreClips`: its flags, options of clips, size, progress callback and process group. */
export const scoreClipsFields = {
  ...scoreClipsFlags,
  ...scoringFields,
  /**
   * Size at which clips are scored: one for all, or one for each clip by its aspect ratio. Default: the model's size.
   */
  size: fields.targetSize.optional(),
};

const protocolGroup = { group: 'Protocol:' };
/** Flags of `pxv eval-video` that make the option `protocol` of `scoreProtocol`. */
export const protocolFlags = {
  protocol: withFlag(
    z.enum(protocolNames).optional(),
    'name',
    'score forecasts as published evaluations do, beside published results',
    {
      ...protocolGroup,
      conflicts: ['context', 'from', 'horizon', 'size', 'shortSide', 'fit', 'frameRate', 'adapt', 'codecs'],
    },
  ),
  context: withFlag(positiveInteger.optional(), 'frames', "a protocol of one's own: frames given, before --horizon", {
    ...protocolGroup,
    max: 100_000,
    conflicts: ['shortSide', 'adapt', 'codecs'],
  }),
  from: withFlag(
    positiveInteger.optional(),
    'frame',
    'with --context: first frame to predict, counted from 0 (default: windows spread over each clip)',
    { ...protocolGroup, conflicts: ['starts'] },
  ),
  limit: withFlag(
    positiveInteger.optional(),
    'count',
    'with a protocol: number of clips to score, spaced evenly over the split (default: all)',
    protocolGroup,
  ),
};

/** Schema of the options of `scoreProtocol`. */
export const scoreProtocolFields = {
  /**
   * Name of a published protocol, or a protocol of one's own. In one of one's own `context` is the number of frames
   * given, `horizon` that of frames predicted, and `from` the index of the first predicted frame of each clip; without
   * `from` windows are spread evenly over each clip.
   */
  protocol: z.union(
    [
      z.enum(protocolNames),
      z.strictObject({ context: positiveInteger, horizon: positiveInteger, from: positiveInteger.optional() }),
    ],
    `expected ${protocolNames.join(', ')} or { context, horizon, from }`,
  ),
  /** Maximum number of windows per clip, if windows are spread over each clip. Default: 4. */
  starts: scoreClipsFlags.starts,
  /** Number of samples to draw at each start. Default: 10. */
  samples: positiveInteger.default(10),
  /** Maximum number of clips to score, evenly spaced over the split. Default: all. */
  limit: positiveInteger.optional(),
  /** Size of the frames under a protocol of one's own. Default: the model's size. */
  size: fields.pixelSize.optional(),
  ...scoringFields,
};

/**
 * Options of `scoreImageSet` that are flags of `pxv eval-images` too: folder, split and number of images, and the
 * contact sheet to write.
 */
export const scoreImagesFlags = {
  /** Folder of the data set's files. Default: the data set's folder in the cache. */
  data: fields.data,
  /** Split to score. Default: test. */
  split: withFlag(
    z.enum(['train', 'validation', 'test'] satisfies Split[]).default('test'),
    'name',
    'split of the data set',
  ),
  /** Maximum number of images to score, evenly spaced over the split. Default: all. */
  limit: withFlag(positiveInteger.optional(), 'count', 'number of images to score, spaced evenly over the split'),
  /** Path of a contact sheet (.png) of the worst and best images. Default: no contact sheet is written. */
  out: withFlag(
    z.string().optional(),
    'file.png',
    'write the images of most and fewest bits/dim, and heat maps of their bits',
  ),
  /** True to overwrite `out`, though never a scored image. Default: false. */
  overwrite: fields.overwrite,
};

/** Progress of `scoreImageSet`. */
export interface ImageScoringProgress {
  /** Current work: decoding the images, scoring them, or encoding them as PNG and WebP for the baselines. */
  what: 'decode' | 'score' | 'encode';
  /** Number of images finished. */
  done: number;
  /** Number of all images. */
  total: number;
  /** Mean of the images that this process has scored so far; undefined unless `what` is 'score'. */
  bitsPerDim?: number;
}

/** Schema of the options of `scoreImageSet`: its flags, progress callback, abort signal and process group. */
export const scoreImagesFields = {
  ...scoreImagesFlags,
  /** Called with progress as images are decoded, scored and encoded. */
  onProgress: callbackField<(progress: ImageScoringProgress) => void>(),
  signal,
  /** Process group that shares the images (see `joinProcessGroup`). Default: this process alone. */
  processGroup,
};
