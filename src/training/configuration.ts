import { z } from 'zod';
import { precisions } from '../backend/precision.js';
import { parseFrameRate, type FrameRate } from '../frame-rate.js';
import { learnsAnchor } from '../conditioning/index.js';
import { modelSchema, type ModelDescription } from '../model/description.js';
import { expectsFrame, futureDrawingSchema, usualDrawing } from '../model/future-drawing.js';
import { DEFAULT_MINUTES, dataDefaults } from './defaults.js';
import { optimisers, type OptimiserName } from './optimisers.js';
import { paceMarkSchema } from './pace.js';

const optimiserNames = Object.keys(optimisers) as [OptimiserName, ...OptimiserName[]];

/** What happens in a training, but for the data: everything that the weights at a step depend on. */
const trainingSchema = z.strictObject({
  seed: z.string().regex(/^\d+$/).default('1'),
  /** Examples a step. */
  batch: z.int().min(1).max(4096).optional(),
  /** Number of steps; null until `minutes` has been turned into steps. */
  steps: z.int().min(1).nullable().default(null),
  /** Time to train for, turned into steps once the pace is known, and again whenever it changes. */
  minutes: z.number().positive().nullable().default(null),
  /** What the schedule became of that, written as it goes: see `progressAt`. A new training that has it follows it. */
  pace: z.array(paceMarkSchema).default([]),
  optimiser: z.enum(optimiserNames).default('adam'),
  /** Of the products of the steps; validation and prediction are float32 in any case. */
  precision: z.enum(precisions).default('float32'),
  schedule: z
    .strictObject({
      rate: z.number().positive().default(2e-3),
      warmUp: z.int().min(0).default(100),
      decayFrom: z.number().min(0).max(1).default(0.3),
      floor: z.number().min(0).max(1).default(0.01),
    })
    .prefault({}),
  /** Gradients are scaled down to at most this norm. */
  clipNorm: z.number().positive().default(1),
  /** Model whose weights the training starts from; null: random ones. */
  from: z.string().nullable().default(null),
  /** Indices of the scales that are trained, the coarsest 0; null: all. */
  scales: z.array(z.int().min(0)).min(1).nullable().default(null),
  /**
   * Whether the weights of the conditionings stay those of `from`, and what reads them is trained alone: a step then costs about a
   * third, and what is expected stays as it is.
   */
  conditioningKept: z.boolean().default(false),
  /** Show every other example mirrored left to right. */
  mirror: z.boolean().optional(),
  /** Of clips: share of the examples in which a random part of the frame is shown, in place of the whole. */
  crops: z.number().min(0).max(1).optional(),
  /** Of clips: share of the examples in which time runs backwards. */
  reversals: z.number().min(0).max(1).default(0),
  /** Of clips: share of the examples in which the network is shown disturbed sub-pixels (see disturbance.ts). */
  disturb: z.number().min(0).max(1).optional(),
  /**
   * Of clips, for models with templates: share of the examples in which nothing is looked for, nor regressed, as nothing is where futures are
   * drawn (see FutureDrawing.carry).
   */
  templatesLeftOut: z.number().min(0).max(1).optional(),
  /** Weight of the loss on learned anchors, log(1 + mean squared error), beside the mean nats a sub-pixel. */
  anchorLoss: z.number().min(0).default(0.5),
  /**
   * Of clips: roll-outs a step, in which frames follow the model's own predictions, for the loss on learned anchors alone (see
   * own-predictions.ts); 0: none. Only a model of one scale has any.
   */
  ownPredictions: z.int().min(0).max(4096).default(0),
  /** Share of those in which the picture stands still. */
  stills: z.number().min(0).max(1).default(0),
  /** How the model's futures are drawn: its file keeps it; null: as usual (see `usualDrawing`). */
  drawing: futureDrawingSchema.nullable().default(null),
  /** The temperature alone, as older runs have it. */
  componentTemperature: futureDrawingSchema.shape.temperature.nullable().optional(),
  /** Validations over the whole training, evenly spread. */
  validations: z.int().min(1).max(10_000).default(20),
  /** Frames or images scored in each validation, spread over all that is held out. */
  validationExamples: z.int().min(1).default(64),
});

type ParsedTraining = z.infer<typeof trainingSchema>;
type ByData = { batch: number; mirror: boolean; crops: number; disturb: number; templatesLeftOut: number };
type DataKind = keyof typeof dataDefaults;

export type TrainingConfiguration = Omit<ParsedTraining, keyof ByData | 'componentTemperature'> & ByData;
/** As much of a training as is to be other than it would be. */
export type TrainingSettings = z.input<typeof trainingSchema>;

/** A training with what follows from the kind of data, and a length. */
function completed(training: ParsedTraining, kind: DataKind, model: ModelDescription): TrainingConfiguration {
  const { batch, mirror, crops, disturb, templatesLeftOut, componentTemperature, ...rest } = training;
  const given = Object.fromEntries(
    Object.entries({ batch, mirror, crops, disturb, templatesLeftOut }).filter(([, value]) => value !== undefined),
  ) as Partial<ByData>;
  const minutes = rest.steps === null && rest.minutes === null ? DEFAULT_MINUTES : rest.minutes;
  const older = componentTemperature ? { ...usualDrawing(model), temperature: componentTemperature } : null;
  return { ...dataDefaults[kind], ...given, ...rest, minutes, drawing: rest.drawing ?? older };
}

/** Clips to learn from. */
const clipsSchema = z.strictObject({
  type: z.literal('clips'),
  frames: z.array(z.string()).min(1),
  /** Clips for validation; empty: some of `frames` are held out. */
  validate: z.array(z.string()).default([]),
  fit: z.enum(['crop', 'stretch']).default('crop'),
  /** Frames a second to which clips are brought, such as `10` or `30000/1001`; null: each is taken at its own rate. */
  frameRate: z
    .string()
    .refine((text) => parseFrameRate(text) !== null, 'must be frames a second, such as "10" or "30000/1001"')
    .nullable()
    .default(null),
});

/** Images to learn from. */
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

/** What images have no use for: it must be absent, or 0. */
const ofClips = ['crops', 'reversals', 'disturb', 'templatesLeftOut', 'ownPredictions', 'stills'] as const;

/** config.json of a run: the whole of what `pxv train --config` takes and what a run folder keeps. */
export const runSchema = z
  .strictObject({
    model: modelSchema,
    training: trainingSchema.prefault({}),
    data: dataSchema,
  })
  .superRefine(({ model, training, data }, context) => {
    const refuse = (key: keyof typeof training, message: string) =>
      context.addIssue({ code: 'custom', path: ['training', key], message });
    const { drawing } = training;
    if (drawing !== null && data.type === 'images') refuse('drawing', 'it is for models of clips');
    if (drawing !== null && drawing.carry < 1 && !expectsFrame({ description: model }))
      refuse('drawing', 'carry must be 1 for a model that does not learn the expected frame');
    if (training.conditioningKept) {
      const isConditioned = model.scales.every(({ conditioning }) => conditioning.length > 0);
      if (training.from === null || !isConditioned)
        refuse('conditioningKept', 'it is for networks with a conditioning, whose weights from has');
      if (training.ownPredictions > 0) refuse('ownPredictions', 'it must be 0 where conditioningKept is true');
    }
    if (data.type === 'clips') {
      const learnsFrame = learnsAnchor(model.scales[0].conditioning);
      if (training.ownPredictions > 0 && (model.scales.length > 1 || !learnsFrame))
        refuse('ownPredictions', 'it is for models of one scale that learn the expected frame');
      return;
    }
    for (const key of ofClips) {
      if ((training[key] ?? 0) > 0) refuse(key, 'images are shown as they are: it is for clips alone');
    }
  })
  .transform(({ model, training, data }): RunConfiguration => ({
    model,
    training: completed(training, data.type, model),
    data,
  }));

export interface RunConfiguration {
  model: ModelDescription;
  training: TrainingConfiguration;
  data: z.infer<typeof dataSchema>;
}

/** The rate to which the clips of a training are brought; null where each is taken at its own, or there are none. */
export function learntFrameRate(data: RunConfiguration['data']): FrameRate | null {
  return data.type === 'images' || data.frameRate === null ? null : parseFrameRate(data.frameRate);
}
