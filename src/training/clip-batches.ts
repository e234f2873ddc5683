import { randomStreams } from '../foundation/philox.js';
import type { Chain } from '../model/chain.js';
import { ExampleBuffer, type Examples, type ExampleShape } from '../conditioning/context/examples.js';
import { frameBytes } from '../foundation/levels.js';
import type { TrainingConfiguration } from './configuration.js';
import { createNoiseAugmentation } from './noise-augmentation.js';
import { RandomChoice, RandomFrames, type ClipStore, type RandomFramesSettings } from './random-frames.js';
import { isLongEnough, createRolloutBatches, type RolloutSettings } from './rollouts.js';
import type { IndexRange } from './shards.js';
import type { TrainingData } from './training-loop.js';
import { truncateClips, validate, type ClipTail } from './validation.js';

/** Options for the examples of a training on clips, beside those of its configuration. */
type ExampleSettings = Omit<BatchSettings & RolloutSettings, 'seed' | 'mirror' | 'batch' | 'maxRollouts'>;

const DEFAULTS: ExampleSettings = { reversed: 0.25, disturbed: 0.2, withoutEarlier: 0.2, still: 0.15, known: 1 };

/**
 * Returns the training data of a training on clips of at least two frames. There are rollouts if a stage asks for them
 * and a training clip is long enough (see `isLongEnough`).
 * @param all store of the training and validation clips
 * @param training indices into `all`; frames in `validation` are excluded
 * @param validation tails of clips to validate on; if empty, the training has no validation
 * @param examples settings that differ from `DEFAULTS`; training clips have more than `examples.known` frames
 */
export function createClipTrainingData(
  chain: Chain,
  all: ClipStore,
  training: readonly number[],
  validation: readonly ClipTail[],
  configuration: TrainingConfiguration,
  examples: Partial<ExampleSettings> = {},
): TrainingData {
  const store = truncateClips(validation, all);
  const { seed, batch, mirror, stages, validationExamples } = configuration;
  const settings = { ...DEFAULTS, ...examples, seed: BigInt(seed), mirror };
  const batches = createClipBatches(chain.exampleShape, store, training, { ...settings, batch });
  const long = training.filter((clip) => isLongEnough(store.clips[clip].frames));
  const maxRollouts = Math.max(...stages.map(({ rollOuts }) => rollOuts));
  const hasRollouts = maxRollouts > 0 && long.length > 0;
  const rollout = hasRollouts
    ? createRolloutBatches(chain.exampleShape, store, long, { ...settings, maxRollouts })
    : null;
  const isValidated = validation.length > 0;
  return {
    batch: (step, { crops }, places) => batches(step, crops, places),
    rollout: (step, { crops }, places) => rollout?.(step, places, crops) ?? null,
    validate: isValidated
      ? (weights, processGroup) => validate(chain, weights, all, validation, validationExamples, batch, processGroup)
      : null,
  };
}

/** Options for `createClipBatches`. */
export interface BatchSettings extends RandomFramesSettings {
  /** Examples per step. */
  batch: number;
  /** Fraction of the examples with noise augmentation, 0 to 1. */
  disturbed: number;
  /** Fraction of the examples, 0 to 1, whose features of earlier pixels are replaced by the features of no match. */
  withoutEarlier: number;
}

/**
 * Returns a function that reads the batch of a step. Each example is a random frame of a random clip, with its context
 * frames. By `settings`, random examples are mirrored left to right, reversed in time, changed by noise augmentation,
 * or without features of earlier pixels. An example depends only on the seed, the step, its index in the batch and
 * `crops`. A clip's first frame is a target only in a reversed example, so that each example has a context frame.
 * @param clips indices into `store` of clips of more than `settings.known` frames
 * @returns a function of `step`, from 0; `crops`, the fraction of random crops, 0 to 1; and `places`, the range of
 *   indices in the batch to read (default: all). Without `readPart` in `store` there are no crops. The caller disposes
 *   the examples
 */
export function createClipBatches(
  shape: ExampleShape,
  store: ClipStore,
  clips: readonly number[],
  settings: BatchSettings,
): (step: number, crops: number, places?: IndexRange) => Examples {
  const source = new RandomFrames(store, frameBytes(shape), clips, settings, randomStreams.batches);
  const buffer = new ExampleBuffer(shape, settings.batch);
  const frames = new Uint8Array((shape.context + 1) * frameBytes(shape));
  return (step, crops, { from, to } = { from: 0, to: settings.batch }) => {
    buffer.clear();
    for (let example = from; example < to; example++) {
      const count = source.read(step, example, { earliest: settings.known, before: shape.context, crops }, frames);
      const augmentation =
        source.uniform(step, example, RandomChoice.IsAugmented) < settings.disturbed
          ? createNoiseAugmentation(shape, source.choice(step, example, RandomChoice.AugmentationSeed, 2 ** 32))
          : undefined;
      const earlierPixels = !(source.uniform(step, example, RandomChoice.IsWithoutEarlier) < settings.withoutEarlier);
      buffer.add(frames, count, source.isMirrored(step, example), augmentation, earlierPixels);
    }
    return buffer.tensors();
  };
}
