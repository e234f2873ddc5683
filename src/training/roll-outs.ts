import { tf } from '../foundation/tfjs.js';
import type { Rank } from '@tensorflow/tfjs-core';
import { ContextBuffer } from '../conditioning/context/context-tensors.js';
import { zeroInputs } from '../conditioning/index.js';
import type { RollOut } from '../optimization/anchor-loss.js';
import { frameBytes, bytesToLevels, type Levels } from '../foundation/levels.js';
import type { ExampleShape } from '../conditioning/context/examples.js';
import { areEnough, historyLength, StridedHistory, subsequencesFor } from '../conditioning/context/history.js';
import { randomStreams } from '../foundation/philox.js';
import { freezeFrames } from './noise-augmentation.js';
import type { IndexRange } from './shards.js';
import { RandomChoice, RandomFrames, type ClipStore, type RandomFramesSettings } from './random-frames.js';

/** Frames that are predicted one after another: as many as `predict` makes by default. */
export const PREDICTED_FRAMES = 8;

export interface RollOutSettings extends RandomFramesSettings {
  /** The most roll-outs of a step. */
  most: number;
  /** Share of them in which the picture stands still. */
  still: number;
}

/** Whether a clip of so many frames has one that is given and all that are predicted. */
export function isLongEnough(frames: number): boolean {
  return frames > PREDICTED_FRAMES;
}

/**
 * Roll-outs to learn the expected frame from: a network that has only seen true frames does not know how its own look,
 * soft and once moved wrongly. Only the learned anchor is trained on them: a likelihood that is taught to expect its own
 * errors spreads, and drawn frames run away. In some the true frames stand still: else what moves in all clips that were
 * learned from (leaves, water) would be moved wherever something looks alike.
 * @param shape of a chain of one scale, whose first anchor is learned
 * @param clips indices into the store of clips that are long enough: see `isLongEnough`
 * @returns the roll-outs at some places of a step, 0 for the first; none: null; `crops` as in `RandomFrames.read`
 */
export function rollOutBatches(
  shape: ExampleShape,
  store: ClipStore,
  clips: readonly number[],
  settings: RollOutSettings,
): (step: number, places: IndexRange, crops: number) => RollOut | null {
  const { size, channels, context } = shape;
  const length = frameBytes(shape);
  const source = new RandomFrames(store, length, clips, settings, randomStreams.rollOuts);
  const before = historyLength(context) + PREDICTED_FRAMES - 1;
  const frames = new Uint8Array((before + 1) * length);
  const known = subsequencesFor(context).map((subsequence) => ({
    subsequence,
    buffer: new ContextBuffer(shape, settings.most),
    counts: new Float32Array(settings.most),
  }));
  const truth = Array.from({ length: PREDICTED_FRAMES }, () => new Float32Array(settings.most * length));
  return (step, { from, to }, crops) => {
    const number = to - from;
    if (number === 0) return null;
    for (let place = 0; place < number; place++) {
      const example = from + place;
      const count = source.read(step, example, { earliest: PREDICTED_FRAMES, before, crops }, frames);
      if (source.uniform(step, example, RandomChoice.IsStill) < settings.still) {
        const seed = source.choice(step, example, RandomChoice.StillSeed, 2 ** 32);
        freezeFrames(frames.subarray(0, count * length), length, seed);
      }
      const mirrored = source.isMirrored(step, example);
      const levels = Array.from({ length: count }, (_, at) => bytesToLevels(shape, frames, at * length, mirrored));
      const history = new StridedHistory<Levels>(context);
      for (const frame of levels.slice(0, -PREDICTED_FRAMES)) history.addKnown(frame);
      for (const { subsequence, buffer, counts } of known) {
        const given = history.every(subsequence);
        buffer.set(place, given);
        counts[place] = Number(areEnough(subsequence, given.frames.length));
      }
      const ahead = levels.slice(-PREDICTED_FRAMES);
      truth.forEach((all, at) => all.set(ahead[at], place * length));
    }
    const dimensions: [number, number, number, number] = [number, size.height, size.width, channels];
    return {
      known: known.map(({ subsequence, buffer, counts }) => ({
        subsequence,
        given: { context: buffer.tensors(number) },
        counts: tf.tensor4d(counts.slice(0, number), [number, 1, 1, 1]),
      })),
      truth: truth.map((levels) => tf.tensor4d(levels.slice(0, number * length), dimensions)),
    };
  };
}

/** Makes roll-outs of zeros, in the shapes of `rollOutBatches`, to count memory or to measure time. None: null. */
export function blankRollOut(shape: ExampleShape, number: number): RollOut | null {
  if (number === 0) return null;
  const { size, channels, context } = shape;
  const blank = () => tf.fill<Rank.R4>([number, size.height, size.width, channels], 0);
  return {
    known: subsequencesFor(context).map((subsequence) => ({
      subsequence,
      given: zeroInputs(shape, shape, number),
      counts: tf.fill<Rank.R4>([number, 1, 1, 1], 0),
    })),
    truth: Array.from({ length: PREDICTED_FRAMES }, blank),
  };
}
