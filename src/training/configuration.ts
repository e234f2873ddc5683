import { z } from 'zod';
import type { Precision } from '../backend/precision.js';
import { hasLearnedAnchor } from '../conditioning/index.js';
import { parseConfiguration, type ConfigurationSource } from '../foundation/parse-configuration.js';
import { parseFrameRate, type FrameRate } from '../foundation/frame-rate.js';
import { DEFAULT_SEED } from '../foundation/philox.js';
import { booleanFlag, fit, withFlag } from '../foundation/option-fields.js';
import { optimisers, type OptimiserName } from '../optimization/optimisers.js';
import { expectsFrame, modelSchema, predictsFrame, type ModelDescription } from '../model/description.js';
import { samplingSchema } from '../model/sampling-settings.js';
import { DEFAULT_MINUTES, DEFAULT_RATE, dataDefaults, defaultShards, fineTuningDefaults } from './data-defaults.js';
import { paceMarkSchema } from './pace.js';
import { stageSchema, type AskedStage, type Stage } from './stages.js';

const { clips, images } = dataDefaults;
/**
 * Schema of a training without its model and data: all settings that the weights at a step depend on. Settings with a
 * flag are options of `pxv train`.
 */
export const trainingSchema = z.strictObject({
  /** Seed of all random numbers, as decimal digits. */
  seed: z.string().regex(/^\d+$/).default(String(DEFAULT_SEED)),
  /** Examples per step. */
  batch: withFlag(
    z.int().min(1).max(4096).optional(),
    'count',
    `batch size of frames or images (default: ${clips.batch} for clips, ${images.batch} for images)`,
  ),
  /** Number of shards of a batch, a power of two, split evenly among ranks; decides the rounding of gradients. */
  shards: withFlag(
    z
      .int()
      .min(1)
      .max(1024)
      .refine((count) => Number.isInteger(Math.log2(count)), 'must be a power of two, such as 4 or 8')
      .default(defaultShards.alone),
    'count',
    'parts of each batch, a power of two, shared among ranks; they decide how sums round (default: ' +
      `${defaultShards.alone}; under mpirun ${defaultShards.launched})`,
  ),
  /** Number of steps; null until fixed from `minutes`. */
  steps: withFlag(z.int().min(1).nullable().default(null), 'count', 'number of training steps'),
  /**
   * Duration of the training in minutes; null: the length is given in steps, or is the default. The number of steps is
   * fixed once, from the pace of the first twentieth.
   */
  minutes: withFlag(
    z.number().positive().nullable().default(null),
    'time',
    `how long to train, in minutes, once the clips are decoded (default: ${DEFAULT_MINUTES})`,
    { max: 1e6 },
  ),
  /**
   * Marks at which the number of steps was fixed or changed (see `PaceMark`), recorded during the training. A new
   * training with marks follows their schedule, whatever `minutes` is.
   */
  pace: z.array(paceMarkSchema).default([]),
  /** Method that turns gradients into updates. */
  optimiser: z.enum(Object.keys(optimisers) as OptimiserName[]).default('adam'),
  /** Precision of the products in training steps; validation and prediction are always float32. */
  precision: withFlag(
    z.enum(['float32', 'bf16'] satisfies Precision[]).default('float32'),
    'name',
    'precision of the products in training steps: bf16 is faster, less exact, and needs AVX-512 BF16 or AMX',
    { group: 'Computing:' },
  ),
  /** Stages, in order; each starts from the final weights of the stage before. */
  stages: z.array(stageSchema).min(1).prefault([{}]),
  /** Model whose weights the training starts from; null: random weights. */
  from: withFlag(
    z.string().nullable().default(null),
    'model',
    'model to start from (run folder, .safetensors file or shipped model): its weights, and where --config ' +
      'names no model its description; none: random weights (default: video-64 for clips, but none for ' +
      'images, with --config, or with an option of the network)',
  ),
  /** True: a random half of the examples is mirrored left to right. */
  mirror: booleanFlag(
    'mirror a random half of the examples left to right, or none (default: clips alone, from random weights)',
    { negatable: true },
  ),
  /** Number of validations in the whole training, evenly spread. */
  validations: z.int().min(1).max(10_000).default(20),
  /** Number of validations in a row without a new best after which the training ends; null: no limit. */
  patience: withFlag(
    z.int().min(1).nullable().default(null),
    'validations',
    'early stopping: number of validations in a row without a better one (default: never)',
    { max: 10_000 },
  ),
  /** Frames or images scored in each validation, evenly spread over the held-out data. */
  validationExamples: z.int().min(1).default(64),
});

type ParsedTraining = z.infer<typeof trainingSchema>;
/** Kind of training data: the `type` of its settings. */
export type DataType = keyof typeof dataDefaults;

/** Settings of a training, without its model and data, with all defaults filled in. @interface */
export type TrainingConfiguration = Omit<ParsedTraining, 'batch' | 'mirror' | 'stages'> & {
  /** Examples per step. */
  batch: number;
  /** True: a random half of the examples is mirrored left to right. */
  mirror: boolean;
  /** Stages, in order; each starts from the final weights of the stage before. */
  stages: Stage[];
};
/** Settings of a training, without its model and data, as a user gives them. Omitted fields take their defaults. */
export type TrainingSettings = z.input<typeof trainingSchema>;

/** Returns the part that a stage trains if it names none. @param isTrained true if the training starts from a model */
function defaultPart({ rollOuts }: AskedStage, { scales }: ModelDescription, isTrained: boolean) {
  return isTrained && rollOuts === 0 && predictsFrame({ scales }) ? 'decoder' : 'all';
}

/** Returns `training` with the defaults that depend on the model and the kind of data, and with a duration. */
function completed(parsed: ParsedTraining, model: ModelDescription, kind: DataType): TrainingConfiguration {
  const { stages, ...training } = parsed;
  const isTrained = training.from !== null;
  const usual = { rate: DEFAULT_RATE, ...dataDefaults[kind], ...(isTrained && fineTuningDefaults) };
  const { batch = usual.batch, mirror = usual.mirror, ...rest } = training;
  const minutes = rest.steps === null && rest.minutes === null ? DEFAULT_MINUTES : rest.minutes;
  // The order of keys is fixed, so that a file that was read is written unchanged.
  return {
    batch,
    mirror,
    ...rest,
    minutes,
    stages: stages.map((asked) => {
      const {
        rollOuts,
        trains = defaultPart(asked, model, isTrained),
        rate = usual.rate,
        crops = usual.crops,
        share,
        ...stage
      } = asked;
      return { trains, share, rate, ...stage, crops, rollOuts };
    }),
  };
}

/** Schema of clips as the data of a training. Settings with a flag are options of `pxv train`. */
export const clipsSchema = z.strictObject({
  type: z.literal('clips'),
  /** Paths of the training clips: files or folders. */
  frames: z.array(z.string()).min(1),
  /**
   * Paths of clips for validation. Empty: a random tenth of the clips (see `selectHeldOutClips`), or the last fifth of
   * each clip if the training starts from another model.
   */
  validate: withFlag(
    z.array(z.string()).default([]),
    'path...',
    'clips to validate on (default: the last fifth of each; from random weights one in ten clips)',
  ),
  /** Method to bring clips of another aspect ratio to the model's size. */
  fit: withFlag(fit.default('crop'), 'name', 'how frames are fitted to the size'),
  /** Target frame rate, such as `10` or `30000/1001`; null: the clip's own. */
  frameRate: z
    .string()
    .refine((text) => parseFrameRate(text) !== null, 'must be frames per second, such as "10" or "30000/1001"')
    .nullable()
    .default(null),
});

const imagesSchema = z.strictObject({
  type: z.literal('images'),
  /** Name of a data set, or path of a folder of images. */
  set: z.string(),
  /** Folder of the data set's files; null: the data set's folder in the cache. */
  folder: z.string().nullable().default(null),
});

const movingMnistSchema = z.strictObject({
  type: z.literal('moving-mnist'),
  /** Folder of MNIST's files, of whose digits sequences are made; null: MNIST's folder in the cache. */
  folder: z.string().nullable().default(null),
});

/** Schema of the data of a training. */
export const dataSchema = z.discriminatedUnion('type', [clipsSchema, imagesSchema, movingMnistSchema]);

/**
 * Data of a training as a user gives them: clips, images, or sequences of Moving MNIST. Omitted fields take their
 * defaults.
 */
export type DataSettings = z.input<typeof dataSchema>;
/** Clips to train on, with all defaults filled in: paths for training and validation, fit and frame rate. */
export type ClipsConfiguration = z.infer<typeof clipsSchema>;
/** Images to train on, with all defaults filled in: a data set or a folder of images, and the folder of its files. */
export type ImagesConfiguration = z.infer<typeof imagesSchema>;
/** Sequences of Moving MNIST to train on, with all defaults filled in: the folder of MNIST's files. */
export type MovingMnistConfiguration = z.infer<typeof movingMnistSchema>;

/**
 * Schema of config.json of a run folder, which is also the file that `pxv train --config` reads: model, sampling
 * settings, training and data.
 */
export const runSchema = z
  .strictObject({
    /** Networks to train, without weights. */
    model: modelSchema,
    /** Sampling settings to keep in the model's file; null: the default (see `defaultSampling`). */
    drawing: samplingSchema.nullable().default(null),
    training: trainingSchema.prefault({}),
    data: dataSchema,
  })
  .superRefine(({ model, drawing, training, data }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (drawing !== null && data.type === 'images') refuse(['drawing'], 'it is for models of clips');
    if (drawing !== null && drawing.carry < 1 && !expectsFrame({ description: model }))
      refuse(['drawing'], 'carry must be 1 for a model that does not learn the expected frame');
    const { shards, batch = dataDefaults[data.type].batch } = training;
    const sizes = `it must be ${shards} (training.shards) to ${batch} (training.batch)`;
    if (shards > batch) refuse(['training', 'shards'], `it must be at most ${batch}, the examples of a step`);
    for (const [index, stage] of training.stages.entries()) {
      if (stage.batch !== undefined && (stage.batch < shards || stage.batch > batch))
        refuse(['training', 'stages', index, 'batch'], sizes);
      const place = { isTrained: training.from !== null, isFirst: index === 0 };
      for (const [key, message] of refusals(stage, model, data.type, place))
        refuse(['training', 'stages', index, key], message);
    }
  })
  .transform(({ model, training, data, ...others }) => ({
    /** Networks to train, without weights. */
    model,
    ...others,
    /** Settings of the training, with the defaults for the kind of data. */
    training: completed(training, model, data.type),
    /** Clips, images or sequences to train on. */
    data,
  }));

/**
 * Configuration of a training with all defaults filled in: model, sampling settings, training and data. Returned by
 * `configureTraining`, accepted by `trainModel`.
 * @interface
 */
export type RunConfiguration = z.infer<typeof runSchema>;

/**
 * Parses the configuration of a training, and fills in its defaults.
 * @param value content of config.json, parsed from JSON
 * @param source operation, argument and code of errors
 * @throws PxvError of code `source.code` if a key is unknown, missing or invalid
 */
export function parseRunConfiguration(value: unknown, source: ConfigurationSource): RunConfiguration {
  return parseConfiguration(runSchema, value, source);
}

/**
 * Yields each invalid key of a stage and the reason.
 * @param place `isTrained`: true if the training starts from a model; `isFirst`: true for the first stage
 */
function* refusals(
  stage: AskedStage,
  model: ModelDescription,
  data: DataType,
  { isTrained, isFirst }: { isTrained: boolean; isFirst: boolean },
): Generator<[keyof Stage, string]> {
  const { scales } = model;
  const { trains = defaultPart(stage, model, isTrained), crops = 0, rollOuts, batch, anchorLoss } = stage;
  const expects = predictsFrame({ scales });
  const trained = typeof trains === 'number' ? scales.slice(trains, trains + 1) : scales;
  const learnsAnchor = trained.some(({ conditioning }) => hasLearnedAnchor(conditioning));
  if (data !== 'clips' && crops > 0) yield ['crops', 'a data set is shown as it is: it is for clips alone'];
  if (data === 'images' && batch !== undefined) yield ['batch', 'it is for clips alone'];
  if (data === 'images' && rollOuts > 0) yield ['rollOuts', 'it is for clips alone'];
  else if (rollOuts > 0 && !expects) yield ['rollOuts', 'it is for models of one scale that learns the expected frame'];
  if (anchorLoss !== undefined && (!learnsAnchor || trains === 'decoder'))
    yield ['anchorLoss', 'it is for models that learn the expected frame, in stages that train it'];
  if (rollOuts > 0 && trains === 'decoder') yield ['rollOuts', 'it must be 0 where the decoder learns alone'];
  if (trains === 'conditioning' && !expects)
    yield ['trains', 'conditioning learns alone in models of one scale that learns the expected frame'];
  if (trains === 'decoder' && ((isFirst && !isTrained) || scales.some(({ conditioning }) => conditioning.length === 0)))
    yield ['trains', 'decoder is for networks with a conditioning, whose weights a stage before it or from has'];
  if (typeof trains === 'number' && trains >= scales.length)
    yield ['trains', `it must be below ${scales.length}, the number of scales: the coarsest is 0`];
}

/** Returns the target frame rate of a training's clips. Returns null for other data, or if clips keep their rates. */
export function trainingFrameRate(data: RunConfiguration['data']): FrameRate | null {
  return data.type !== 'clips' || data.frameRate === null ? null : parseFrameRate(data.frameRate);
}
