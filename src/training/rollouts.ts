import { tf } from '../foundation/tfjs.js';
import type { Rank } from '@tensorflow/tfjs-core';
import { ContextBuffer } from '../conditioning/context/context-tensors.js';
import type { Rollout } from '../optimization/anchor-loss.js';
import { frameBytes, bytesToLevels, type Levels } from '../foundation/levels.js';
import { zeroInputs, type ExampleShape } from '../conditioning/context/examples.js';
import { hasEnoughContext, historyLength, StridedHistory, subsequencesFor } from '../conditioning/context/history.js';
import { randomStreams } from '../foundation/philox.js';
import { freezeFrames } from './noise-augmentation.js';
import type { IndexRange } from './shards.js';
import { RandomChoice, RandomFrames, type ClipStore, type RandomFramesSettings } from './random-frames.js';

/** Number of frames of a training rollout, equal to the default of `predict`. */
export const PREDICTED_FRAMES = 8;

/** Options for `createRolloutBatches`. */
export interface RolloutSettings extends RandomFramesSettings {
  /** Maximum number of rollouts of a step. */
  maxRollouts: number;
  /** Fraction of the rollouts whose frames stand still, 0 to 1. */
  still: number;
}

/**
 * Returns true if a clip of `frames` frames is longer than `PREDICTED_FRAMES` frames, so that at least one context
 * frame is left.
 */
export function isLongEnough(frames: number): boolean {
  return frames > PREDICTED_FRAMES;
}

/**
 * Returns a function that reads the training rollouts of a step, on which only the learned anchor is trained. A rollout
 * is a random stretch of a clip: context frames, then `PREDICTED_FRAMES` true frames to compare with. A network that
 * has seen only true frames as context handles its own predictions badly, as these are blurred. The likelihood is not
 * trained on rollouts: it would spread to cover its own errors, and sampled frames would drift. In a fraction of the
 * rollouts the frames stand still. Otherwise the network would predict motion common to all training clips (leaves,
 * water) wherever textures look similar.
 * @param shape of a chain that can predict at several strides (see `canPredictAtStrides`)
 * @param clips indices into `store` of clips of at least `PREDICTED_FRAMES` + `settings.known` frames
 * @returns a function of the step (from 0), a range of rollouts and the fraction of crops (0 to 1); null for an empty
 *   range; the caller disposes the rollouts
 */
export function createRolloutBatches(
  shape: ExampleShape,
  store: ClipStore,
  clips: readonly number[],
  settings: RolloutSettings,
): (step: number, places: IndexRange, crops: number) => Rollout | null {
  const { size, channels, context } = shape;
  const length = frameBytes(shape);
  const source = new RandomFrames(store, length, clips, settings, randomStreams.rollOuts);
  const before = historyLength(context) + PREDICTED_FRAMES - 1;
  const earliest = settings.known + PREDICTED_FRAMES - 1;
  const frames = new Uint8Array((before + 1) * length);
  const known = subsequencesFor(context).map((subsequence) => ({
    subsequence,
    buffer: new ContextBuffer(shape, settings.maxRollouts),
    counts: new Float32Array(settings.maxRollouts),
  }));
  const truth = Array.from({ length: PREDICTED_FRAMES }, () => new Float32Array(settings.maxRollouts * length));
  return (step, { from, to }, crops) => {
    const number = to - from;
    if (number === 0) return null;
    for (let place = 0; place < number; place++) {
      const example = from + place;
      const count = source.read(step, example, { earliest, before, crops }, frames);
      if (source.uniform(step, example, RandomChoice.IsStill) < settings.still) {
        const seed = source.choice(step, example, RandomChoice.StillSeed, 2 ** 32);
        freezeFrames(frames.subarray(0, count * length), length, seed);
      }
      const mirrored = source.isMirrored(step, example);
      const levels = Array.from({ length: count }, (_, at) => bytesToLevels(shape, frames, at * length, mirrored));
      const history = new StridedHistory<Levels>(context);
      for (const frame of levels.slice(0, -PREDICTED_FRAMES)) history.addKnown(frame);
      for (const { subsequence, buffer, counts } of known) {
        const context = history.every(subsequence);
        buffer.set(place, context);
        counts[place] = Number(hasEnoughContext(subsequence, context.frames.length));
      }
      const ahead = levels.slice(-PREDICTED_FRAMES);
      truth.forEach((all, at) => all.set(ahead[at], place * length));
    }
    const dimensions: [number, number, number, number] = [number, size.height, size.width, channels];
    return {
      known: known.map(({ subsequence, buffer, counts }) => ({
        subsequence,
        conditioningInputs: { context: buffer.tensors(number) },
        counts: tf.tensor4d(counts.slice(0, number), [number, 1, 1, 1]),
      })),
      truth: truth.map((levels) => tf.tensor4d(levels.slice(0, number * length), dimensions)),
    };
  };
}

/**
 * Returns rollouts of zeros in the shapes of `createRolloutBatches`, to measure memory or time; null if `number` is 0.
 * The caller disposes the result.
 */
export function blankRollout(shape: ExampleShape, number: number): Rollout | null {
  if (number === 0) return null;
  const { size, channels, context } = shape;
  const blank = () => tf.fill<Rank.R4>([number, size.height, size.width, channels], 0);
  return {
    known: subsequencesFor(context).map((subsequence) => ({
      subsequence,
      conditioningInputs: zeroInputs(shape, shape, number),
      counts: tf.fill<Rank.R4>([number, 1, 1, 1], 1),
    })),
    truth: Array.from({ length: PREDICTED_FRAMES }, blank),
  };
}
