import { z } from 'zod';
import { defaultChoices, networkChoice, presetChoices } from '../../model/presets.js';
import { clipsSchema, trainingSchema } from '../../training/configuration.js';
import type { Extension } from '../../training/pace.js';
import { stageSchema } from '../../training/stages.js';
import type { TrainingProgress } from '../../training/training-loop.js';
import type { ModelChoices } from './configure-training.js';
import type { SkippedClip } from '../for-each-clip.js';
import { processGroup } from '../../distributed/process-group-option.js';
import * as fields from '../../foundation/option-fields.js';
import type { OptionsOf } from '../../foundation/option-fields.js';

/** Progress of decoding, or of reading, the data of a training. */
export interface DecodeProgress {
  /** Unit of `done` and `total`. */
  unit: 'clips' | 'images' | 'files';
  /** Number of finished units. */
  done: number;
  /** Number of all units. */
  total: number;
  /** Base name of the current clip or file, or name of the data set. */
  name: string;
}

const { withFlag, callbackField, positiveInteger, positiveNumber, booleanFlag, overridesOf } = fields;

/** Flags of `pxv train` for clips alone: their settings that have a flag. */
export const clipFlags = overridesOf(clipsSchema.shape);
/**
 * Flags of `pxv train` that choose the data: clips, sequences or images, validation, folder of a data set, fit and
 * frame rate.
 */
export const trainingDataFlags = {
  clips: withFlag(
    z.array(z.string()).optional(),
    'path...',
    'clips: video files, folders of numbered images, arrays (.npy, .npz), or folders of these; or moving-mnist: ' +
      'sequences made of the digits of mnist',
    { name: 'frames' },
  ),
  ...clipFlags,
  images: withFlag(
    z.string().optional(),
    'set',
    'images instead: a data set (see pxv datasets list) or a folder of images',
  ),
  data: fields.data,
  frameRate: withFlag(
    fields.frameRateValue.optional(),
    'rate',
    "target frame rate, which the model keeps (default: the clips' own)",
    { name: 'fps' },
  ),
};

const { width, height } = defaultChoices.size;
/** Flags of `pxv train` that describe the model, such as network, size, context frames, head and scales. */
export const modelFlags = {
  network: withFlag(networkChoice.optional(), 'name', `kind of network (default: ${defaultChoices.network})`),
  hidden: withFlag(
    positiveInteger.min(3).optional(),
    'h',
    `features inside a layer (default: ${defaultChoices.hidden})`,
    { max: 4096 },
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
    `size in pixels of the model's frames ` +
      `(default: ${width}x${height}, or the images' own if all are equal and no larger)`,
  ),
  channels: withFlag(
    presetChoices.channels.optional(),
    'name',
    'colours of the model (default: rgb, or those of the data set or the images)',
  ),
  levels: withFlag(positiveInteger.min(2).optional(), 'count', "values of a sub-pixel (default: 256, or the images')", {
    max: 256,
  }),
  context: withFlag(positiveInteger.optional(), 'frames', 'context frames (default: by --conditioning)', { max: 32 }),
  frames: withFlag(
    presetChoices.frames,
    'name',
    'how context frames are read: warped by their motion, or as they are (default: ' +
      `${presetChoices.frames.unwrap().options[0]})`,
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
    'pixels shared with the coarser scale: known, or predicted again (as in the paper, a bound) (default: known)',
  ),
} satisfies { [Name in keyof ModelChoices]: z.ZodType<ModelChoices[Name]> };

/** Flags of `pxv train` for the optimization: the settings of a training that have a flag. */
export const trainingFlags = overridesOf(trainingSchema.shape);
/** Flags of `pxv train` for the learning rate, which needs a training of one stage. */
export const stageFlags = overridesOf(stageSchema.shape);

/**
 * Schemas of the settings of `trainModel`: overwriting, changed data, log format, new length, comparison and process
 * group.
 */
export const trainModelFields = {
  /** True: a new training may replace the training in its folder. */
  overwrite: fields.overwrite,
  /** True: a resumed training accepts changed data, which lead to other weights. */
  acceptChangedData: booleanFlag('with --resume: go on although training files have changed or are missing'),
  /** Additional log format: TensorBoard event files in the run folder. Default: none. */
  log: withFlag(
    z.enum(['tensorboard']).optional(),
    'kind',
    'write the log for TensorBoard too, as event files in --out',
  ),
  /** New length of a resumed training. */
  extension: z
    .union(
      [
        z.strictObject({ steps: positiveInteger }),
        z.strictObject({ minutes: positiveNumber }),
      ] satisfies z.ZodType<Extension>[],
      'expected { steps }, in all, or { minutes }, more',
    )
    .optional(),
  /**
   * True to score a shipped model on the frames that validate, once a training on clips has ended: the model that the
   * training started from if shipped, else `video-64`. Default: false.
   */
  compare: z.boolean().optional(),
  /** Processes that train together: see `joinProcessGroup`. Default: this process alone. */
  processGroup,
};

/** Facts about the data of a training on clips. @inline */
export interface ClipDataInfo {
  /** Names of the training clips. */
  trainingClips: string[];
  /** Names of the clips with held-out frames. */
  validationClips: string[];
  /** True if the last fifth of each clip is held out, instead of whole clips. */
  lastFifthValidates: boolean;
  /** Number of frames of the training clips, without held-out frames. */
  frames: number;
  /** Folder and size of the decoded frames, which a training decodes again if they are missing. */
  decoded: { folder: string; bytes: number };
  /** Clips that were found but cannot be used for training. */
  skipped: SkippedClip[];
  /** Baselines for validations, in bits/dim; 'previous-frame' is null without held-out frames. */
  baselines: { uniform: number; 'previous-frame': number | null };
}

/** Facts about the data of a training on images. @inline */
export interface ImageDataInfo {
  /** Number of training images. */
  images: number;
  /** Number of validation images. */
  validationImages: number;
  /** Short description of the source of the images. */
  origin: string;
  /** Baseline for validations, in bits/dim. */
  baselines: { uniform: number };
}

/** Facts about the data of a training on sequences of Moving MNIST. @inline */
export interface SequenceDataInfo {
  /** Number of digits that training sequences are made of. */
  digits: number;
  /** Number of digits that validation sequences are made of. */
  validationDigits: number;
  /** Number of validation sequences, whose last ten frames are scored. */
  validationSequences: number;
  /** Short description of the source of the digits. */
  origin: string;
  /** Baselines for validations, in bits/dim; 'previous-frame' is null without validation sequences. */
  baselines: { uniform: number; 'previous-frame': number | null };
}

/** Facts about a training: its model and data. @inline */
export interface TrainingInfo {
  /** Number of parameters of the model. */
  parameters: number;
  /** Number of updates done before this run. */
  step: number;
  data: ClipDataInfo | ImageDataInfo | SequenceDataInfo;
}

/** Schemas of the callbacks of `trainModel`, of the path of its configuration, and of its abort signal. */
export const trainModelHooks = {
  /** Called once, before the first step. */
  onStart: callbackField<(facts: TrainingInfo) => void>(),
  /** Called after every step. */
  onStep: callbackField<(progress: TrainingProgress) => void>(),
  /** Called while clips or images are decoded, before the training. */
  onDecode: callbackField<(decoding: DecodeProgress) => void>(),
  /** Called with the name of the shipped model before it is scored (see `compare`). */
  onCompare: callbackField<(name: string) => void>(),
  /** Called before each file of the data is read, and after the last. */
  onList: callbackField<(listing: DecodeProgress) => void>(),
  /** Called with one line for each damaged or skipped clip, and for other warnings. */
  onWarning: callbackField<(text: string) => void>(),
  /** Path of the file that the configuration was read from, which the run must not overwrite. */
  configurationFile: z.string().optional(),
  /** Called once an abort would leave a training that can be resumed. */
  onResumable: callbackField<() => void>(),
  /** Signal that stops the training: the training is saved, and the call rejects with the signal's reason. */
  signal: fields.signal,
};

/**
 * Settings of `trainModel`: overwriting, changed data, log format, new length, comparison and process group. @interface
 */
export type TrainModelSettings = OptionsOf<typeof trainModelFields>;
/** Callbacks of `trainModel`, path of its configuration, and the signal that interrupts the training. @interface */
export type TrainModelHooks = OptionsOf<typeof trainModelHooks>;
