import { z } from 'zod';
import { defaultChoices, networkChoice, presetChoices } from '../model/presets.js';
import type { TrainingSettings } from '../training/configuration.js';
import { dataDefaults, DEFAULT_MINUTES } from '../training/data-defaults.js';
import type { Extension } from '../training/pace.js';
import type { TrainingProgress } from '../training/train.js';
import type { ModelChoices } from './configure-training.js';
import type { SkippedClip } from '../clips/for-each-clip.js';
import * as fields from '../options/fields.js';
import type { OptionsOf } from '../options/fields.js';

/** How far the decoding of a training's data is, or the reading of its files. */
export interface DecodeProgress {
  /** What is counted. */
  unit: 'clips' | 'images' | 'files';
  done: number;
  total: number;
  /** Of the clip or file at hand, the last part of its path; or of the set. */
  name: string;
}

const { withFlag, callback, positiveInteger, positiveNumber, booleanFlag } = fields;

/** What is learned from, as `pxv train` asks for it. */
export const dataFlags = {
  clips: withFlag(
    z.array(z.string()).optional(),
    'path...',
    'clips: video files, folders of numbered images, or folders of either',
    { name: 'frames' },
  ),
  validate: withFlag(
    z.array(z.string()).optional(),
    'path...',
    'clips to validate on (default: one in ten of --frames; with --from the last fifth of each)',
  ),
  images: withFlag(
    z.string().optional(),
    'set',
    'images instead: a data set (see pxv datasets list) or a folder of images',
  ),
  data: fields.data,
  fit: withFlag(fields.fit.optional(), 'name', 'how frames are brought to the size'),
  frameRate: withFlag(
    fields.frameRateValue.optional(),
    'rate',
    'frames a second to bring clips to; the model keeps it (default: their own)',
    { name: 'fps' },
  ),
};

/** The choices of a model that `pxv train` asks for. */
export const modelFlags = {
  network: withFlag(networkChoice.optional(), 'name', `kind of network (default: ${defaultChoices.network})`),
  hidden: withFlag(
    positiveInteger.min(3).optional(),
    'h',
    `features inside a layer (default: ${defaultChoices.hidden})`,
    {
      max: 4096,
    },
  ),
  layers: withFlag(positiveInteger.optional(), 'count', `layers (default: ${defaultChoices.layers})`, { max: 100 }),
  head: withFlag(
    presetChoices.head.optional(),
    'name',
    'likelihood of a sub-pixel (default: logistic-mixture for clips, softmax for images, sigmoid for binary ones)',
  ),
  output: withFlag(
    z.array(positiveInteger).optional(),
    'features...',
    'features of each 1x1 layer before the head (default: one of 2h)',
    { name: 'head-width', max: 16384 },
  ),
  size: withFlag(
    fields.pixelSize.optional(),
    'WxH',
    'size in pixels that the model learns at (default: 64x64, or that of images that are alike and no larger)',
  ),
  channels: withFlag(presetChoices.channels.optional(), 'name', "colours of the model (default: rgb, or the images')"),
  levels: withFlag(positiveInteger.min(2).optional(), 'count', "values of a sub-pixel (default: 256, or the images')", {
    max: 256,
  }),
  context: withFlag(
    positiveInteger.optional(),
    'frames',
    'previous frames given (default: as many as suit --conditioning)',
    {
      max: 16,
    },
  ),
  frames: withFlag(
    presetChoices.frames,
    'name',
    `how previous frames are read: moved into place, or as they are (default: ${presetChoices.frames.unwrap().options[0]})`,
    { name: 'conditioning' },
  ),
  factors: withFlag(
    z.array(positiveInteger.min(2)).optional(),
    'factor...',
    'make the model a chain of scales: the factor from each to the next finer one, as 2, or 2 2 for three scales',
    { name: 'scales', max: 8 },
  ),
  shared: withFlag(
    presetChoices.shared,
    'name',
    "pixels of the coarser scale: known, or predicted again (the paper's form, a bound) (default: known)",
  ),
} satisfies { [Name in keyof ModelChoices]: z.ZodType<ModelChoices[Name]> };

const { clips, images } = dataDefaults;
/** The settings of a training that `pxv train` asks for. */
export const trainingFlags = {
  batch: withFlag(
    positiveInteger.optional(),
    'count',
    `frames or images a step (default: ${clips.batch} for clips, ${images.batch} for images)`,
    { max: 4096 },
  ),
  shards: withFlag(
    positiveInteger.optional(),
    'count',
    'parts of each batch, a power of two, that ranks share; they decide how sums round (default: 1; under mpirun 8)',
    { max: 1024 },
  ),
  steps: withFlag(positiveInteger.optional(), 'count', 'how long to train, in steps'),
  minutes: withFlag(
    positiveNumber.optional(),
    'time',
    `how long to train, in minutes, once the clips are decoded (default: ${DEFAULT_MINUTES})`,
    { max: 1e6 },
  ),
  patience: withFlag(
    positiveInteger.optional(),
    'validations',
    'end where so many validations in a row are no better than the best (default: never)',
    { max: 10_000 },
  ),
  precision: fields.precision,
  mirror: booleanFlag(
    'show every other frame or image mirrored left to right, or none (default: of clips alone, and not with --from)',
    {
      negatable: true,
    },
  ),
  from: withFlag(
    z.string().optional(),
    'model',
    'model to start from (run folder, .safetensors file or shipped model): its weights, and where --config names no model its description',
  ),
} satisfies { [Name in keyof TrainingSettings]: z.ZodType<TrainingSettings[Name]> };

/** How a training treats what it finds. See `trainModel`. */
export const trainModelFields = {
  /** A new training replaces the one that is in its folder. */
  overwrite: fields.overwrite,
  /** A resumed training goes on where its data are not those that it began with; its weights are then others. */
  acceptChangedData: booleanFlag('with --resume: go on where files that are learnt from have changed or are gone'),
  /** What the log is written for besides: event files of TensorBoard, in the run folder. Default: nothing. */
  log: withFlag(
    z.enum(['tensorboard']).optional(),
    'kind',
    'write the log for TensorBoard too, as event files in --out',
  ),
  /** A resumed training gets another length. */
  extension: z
    .union(
      [
        z.strictObject({ steps: positiveInteger }),
        z.strictObject({ minutes: positiveNumber }),
      ] satisfies z.ZodType<Extension>[],
      'expected { steps }, in all, or { minutes }, more',
    )
    .optional(),
  /** The processes that train together: see `joinProcessGroup`. Default: this one alone. */
  processGroup: fields.processGroup,
};

/** What a training on clips says of its data. */
export interface ClipDataInfo {
  trainingClips: string[];
  validationClips: string[];
  /** Whether the last fifth of each clip validates, in place of whole clips. */
  lastFifthValidates: boolean;
  /** Frames of the training clips. */
  frames: number;
  /** Decoded frames on the disk, which a training makes again where they are gone. */
  decoded: { folder: string; bytes: number };
  /** Clips that were found, and that nothing can be learnt from. */
  skipped: SkippedClip[];
  /** What validations are to be measured against, in bits/dim. */
  baselines: { uniform: number; 'previous-frame': number | null };
}

/** What a training on images says of its data. */
export interface ImageDataInfo {
  images: number;
  validationImages: number;
  /** What was read, in a few words. */
  origin: string;
  /** What validations are to be measured against, in bits/dim. */
  baselines: { uniform: number };
}

/** What is trained on what. */
export interface TrainingInfo {
  parameters: number;
  /** Updates done before this run. */
  step: number;
  data: ClipDataInfo | ImageDataInfo;
}

/** What a training tells. See `trainModel`. */
export const trainModelHooks = {
  /** Called once, before the first step. */
  onStart: callback<(facts: TrainingInfo) => void>(),
  /** Called after every step. */
  onStep: callback<(progress: TrainingProgress) => void>(),
  /** Called while clips are decoded, and images where that is done before the training. */
  onDecode: callback<(decoding: DecodeProgress) => void>(),
  /** Called before each file of the data is read, and after the last. */
  onList: callback<(listing: DecodeProgress) => void>(),
  /** Called with one line on a clip that is damaged or left out, and of what else the user should know. */
  onWarning: callback<(text: string) => void>(),
  /** The file that the configuration was read from. The run does not take its place. */
  configurationFile: z.string().optional(),
  signal: fields.signal,
};

/** How `trainModel` treats what it finds in the folder of the run. */
export type TrainModelSettings = OptionsOf<typeof trainModelFields>;
/** What `trainModel` calls as it goes, and what interrupts it. */
export type TrainModelHooks = OptionsOf<typeof trainModelHooks>;
