import { z } from 'zod';
import { precisions } from '../backend/precision.js';
import { parseFrameRate, type FrameRate } from '../foundation/frame-rate.js';
import { optimisers, type OptimiserName } from '../optimization/optimisers.js';
import { hasLearnedAnchor } from '../conditioning/index.js';
import { expectsFrame, modelSchema, type ModelDescription } from '../model/description.js';
import { samplingSchema } from '../model/sampling-settings.js';
import { DEFAULT_MINUTES, DEFAULT_RATE, dataDefaults, fineTuningDefaults } from './data-defaults.js';
import { paceMarkSchema } from './pace.js';
import { stageSchema, type Stage } from './stages.js';

/** What happens in a training, but for the data: everything that the weights at a step depend on. */
const trainingSchema = z.strictObject({
  seed: z.string().regex(/^\d+$/).default('1'),
  /** Examples a step. */
  batch: z.int().min(1).max(4096).optional(),
  /** Parts into which each batch is cut, a power of two; each rank computes as many. They decide how gradients round. */
  shards: z
    .int()
    .min(1)
    .max(1024)
    .refine((count) => Number.isInteger(Math.log2(count)), 'must be a power of two, such as 4 or 8')
    .default(1),
  /** Number of steps; null until `minutes` has been turned into steps. */
  steps: z.int().min(1).nullable().default(null),
  /** Time to train for, turned into steps once the pace is known, and again whenever it changes. */
  minutes: z.number().positive().nullable().default(null),
  /** What the schedule became of that, written as it goes: see `progressAt`. A new training that has it follows it. */
  pace: z.array(paceMarkSchema).default([]),
  optimiser: z.enum(Object.keys(optimisers) as OptimiserName[]).default('adam'),
  /** Of the products of the steps; validation and prediction are float32 in any case. */
  precision: z.enum(precisions).default('float32'),
  /** One after another, each from the weights that the one before it ended with. */
  stages: z.array(stageSchema).min(1).prefault([{}]),
  /** Model whose weights the training starts from; null: random ones. */
  from: z.string().nullable().default(null),
  /** Show every other example mirrored left to right. */
  mirror: z.boolean().optional(),
  /** Validations over the whole training, evenly spread. */
  validations: z.int().min(1).max(10_000).default(20),
  /** Validations in a row that may be no better than the best before the training ends; null: any number. */
  patience: z.int().min(1).nullable().default(null),
  /** Frames or images scored in each validation, spread over all that is held out. */
  validationExamples: z.int().min(1).default(64),
});

type ParsedTraining = z.infer<typeof trainingSchema>;
type DataKind = keyof typeof dataDefaults;

export type TrainingConfiguration = Omit<ParsedTraining, 'batch' | 'mirror' | 'stages'> & {
  batch: number;
  mirror: boolean;
  stages: Stage[];
};
/** As much of a training as is to be other than it would be. */
export type TrainingSettings = z.input<typeof trainingSchema>;

/** A training with what follows from the model and the kind of data, and a length. */
function completed(
  { stages, ...training }: ParsedTraining,
  { scales }: ModelDescription,
  kind: DataKind,
): TrainingConfiguration {
  const isTrained = training.from !== null;
  const usual = { rate: DEFAULT_RATE, ...dataDefaults[kind], ...(isTrained && fineTuningDefaults) };
  const keepsExpected = isTrained && scales.length === 1 && hasLearnedAnchor(scales[0].conditioning);
  const usualPart = (rollOuts: number) => (keepsExpected && rollOuts === 0 ? 'decoder' : 'all');
  const { batch = usual.batch, mirror = usual.mirror, ...rest } = training;
  const minutes = rest.steps === null && rest.minutes === null ? DEFAULT_MINUTES : rest.minutes;
  // In one order, whatever was given, so that a file that was read is written as it was.
  return {
    ...{ batch, mirror, ...rest, minutes },
    stages: stages.map((asked) => {
      const { rollOuts, trains = usualPart(rollOuts), rate = usual.rate, crops = usual.crops, share, ...stage } = asked;
      return { trains, share, rate, ...stage, crops, rollOuts };
    }),
  };
}

const clipsSchema = z.strictObject({
  type: z.literal('clips'),
  frames: z.array(z.string()).min(1),
  /** Clips for validation; empty: one in ten of `frames`, or, where the training begins with another model, the last fifth of each. */
  validate: z.array(z.string()).default([]),
  fit: z.enum(['crop', 'stretch']).default('crop'),
  /** Frames a second to which clips are brought, such as `10` or `30000/1001`; null: each is taken at its own rate. */
  frameRate: z
    .string()
    .refine((text) => parseFrameRate(text) !== null, 'must be frames a second, such as "10" or "30000/1001"')
    .nullable()
    .default(null),
});

const imagesSchema = z.strictObject({
  type: z.literal('images'),
  /** Name of a data set, or a folder of images. */
  set: z.string(),
  /** Folder of the set's files; null: its folder in the cache. */
  folder: z.string().nullable().default(null),
});

const dataSchema = z.discriminatedUnion('type', [clipsSchema, imagesSchema]);

export type DataSettings = z.input<typeof dataSchema>;
export type ClipsConfiguration = z.infer<typeof clipsSchema>;
export type ImagesConfiguration = z.infer<typeof imagesSchema>;

/** config.json of a run: the whole of what `pxv train --config` takes and what a run folder keeps. */
export const runSchema = z
  .strictObject({
    /** What is trained: the networks, without their weights. */
    model: modelSchema,
    /** How the model's futures are drawn: its file keeps it; null: the default (see `defaultSampling`). */
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
    if (shards > batch) refuse(['training', 'shards'], `it must be at most ${batch}, the examples of a step`);
    for (const [index, stage] of training.stages.entries()) {
      const hasWeights = training.from !== null || index > 0;
      for (const [key, message] of refusals(stage, model, data.type, hasWeights))
        refuse(['training', 'stages', index, key], message);
    }
  })
  .transform(({ model, training, data, ...others }) => ({
    /** What is trained: the networks, without their weights. */
    model,
    ...others,
    /** How it learns, for how long, with what follows from the kind of data. */
    training: completed(training, model, data.type),
    /** What it learns from: clips or images. */
    data,
  }));

/** A training with all that may be left out filled in: what `configureTraining` gives and `trainModel` takes. */
export type RunConfiguration = z.infer<typeof runSchema>;

/** What a stage cannot have on a model and data, and why. @param hasWeights whether it begins with weights that were trained */
function* refusals(
  { trains, crops = 0, rollOuts }: z.infer<typeof stageSchema>,
  { scales }: ModelDescription,
  data: DataKind,
  hasWeights: boolean,
): Generator<[keyof Stage, string]> {
  const expects = scales.length === 1 && hasLearnedAnchor(scales[0].conditioning);
  if (data === 'images' && crops > 0) yield ['crops', 'images are shown as they are: it is for clips alone'];
  if (data === 'images' && rollOuts > 0) yield ['rollOuts', 'it is for clips alone'];
  else if (rollOuts > 0 && !expects) yield ['rollOuts', 'it is for models of one scale that learn the expected frame'];
  if (rollOuts > 0 && trains === 'decoder') yield ['rollOuts', 'it must be 0 where the decoder learns alone'];
  if (trains === 'conditioning' && !expects)
    yield ['trains', 'conditioning learns alone in models of one scale that learn the expected frame'];
  if (trains === 'decoder' && (!hasWeights || scales.some(({ conditioning }) => conditioning.length === 0)))
    yield ['trains', 'decoder is for networks with a conditioning, whose weights a stage before it or from has'];
  if (typeof trains === 'number' && trains >= scales.length)
    yield ['trains', `it must be below ${scales.length}, the number of scales: the coarsest is 0`];
}

/** The rate to which the clips of a training are brought; null where each is taken at its own, or there are none. */
export function trainingFrameRate(data: RunConfiguration['data']): FrameRate | null {
  return data.type === 'images' || data.frameRate === null ? null : parseFrameRate(data.frameRate);
}
