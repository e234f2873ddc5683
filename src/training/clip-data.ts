import { randomStreams } from '../foundation/philox.js';
import type { Chain } from '../model/chain.js';
import { ExampleBuffer, type Examples, type ExampleShape } from '../conditioning/context/examples.js';
import { frameBytes } from '../foundation/levels.js';
import type { TrainingConfiguration } from './configuration.js';
import { noiseAugmentation } from './noise-augmentation.js';
import { RandomChoice, RandomFrames, type ClipStore, type RandomFramesSettings } from './random-frames.js';
import { isLongEnough, rollOutBatches } from './roll-outs.js';
import type { IndexRange } from './shards.js';
import type { TrainingData } from './train.js';
import { truncateClips, validate, type ClipTail } from './validation.js';

/** Shares of examples shown backwards, disturbed, or without earlier pixels; and of roll-outs that stand still. */
const SHARES = { reversed: 0.25, disturbed: 0.2, withoutEarlier: 0.2, still: 0.15 };

/**
 * The data of a training on clips of at least two frames.
 * @param training indices of clips, of which what validates is not learned
 * @param validation may be empty
 */
export function clipData(
  chain: Chain,
  all: ClipStore,
  training: readonly number[],
  validation: readonly ClipTail[],
  configuration: TrainingConfiguration,
): TrainingData {
  const store = truncateClips(validation, all);
  const { seed, batch, mirror, stages, validationExamples } = configuration;
  const settings = { ...SHARES, seed: BigInt(seed), mirror };
  const batches = trainingBatches(chain.exampleShape, store, training, { ...settings, batch });
  const long = training.filter((clip) => isLongEnough(store.clips[clip].frames));
  const most = Math.max(...stages.map(({ rollOuts }) => rollOuts));
  const hasRollOuts = most > 0 && long.length > 0;
  const rollOut = hasRollOuts ? rollOutBatches(chain.exampleShape, store, long, { ...settings, most }) : null;
  const isValidated = validation.length > 0;
  return {
    batch: (step, { crops }, places) => batches(step, crops, places),
    rollOut: (step, { crops }, places) => rollOut?.(step, places, crops) ?? null,
    validate: isValidated
      ? (weights, processGroup) => validate(chain, weights, all, validation, validationExamples, batch, processGroup)
      : null,
  };
}

export interface BatchSettings extends RandomFramesSettings {
  batch: number;
  /** Share of the examples in which the network is shown disturbed sub-pixels. */
  disturbed: number;
  /** Share of the examples in which nothing is looked for among earlier pixels, as where futures are drawn. */
  withoutEarlier: number;
}

/**
 * The batches of a training, by seed and step alone: random frames of random clips, not the first, whole or in part.
 * @param clips indices into the store of clips of at least two frames
 * @returns the examples of a step, 0 for the first, or those at some places; `crops` as in `RandomFrames.read`
 */
export function trainingBatches(
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
      const count = source.read(step, example, { earliest: 1, before: shape.context, crops }, frames);
      const disturb =
        source.uniform(step, example, RandomChoice.Disturb) < settings.disturbed
          ? noiseAugmentation(shape, source.choice(step, example, RandomChoice.DisturbanceSeed, 2 ** 32))
          : undefined;
      const earlierPixels = !(source.uniform(step, example, RandomChoice.IsWithoutEarlier) < settings.withoutEarlier);
      buffer.add(frames, count, source.isMirrored(step, example), disturb, earlierPixels);
    }
    return buffer.tensors();
  };
}
