import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { disposeGiven, givenBuffer, type Given } from '../conditioning/index.js';
import { frameBytes, writeLevels } from '../levels.js';
import { LEAST_GIVEN, LONGEST_STRIDE, STRIDES } from '../model/context.js';
import type { ExampleShape } from '../model/examples.js';
import { purposes } from '../philox.js';
import type { BatchSettings } from './batches.js';
import { standStill } from './disturbance.js';
import { Draw, RandomFrames, type ClipStore } from './random-frames.js';

/** Frames that are predicted one after another: as many as `predict` makes by default. */
export const PREDICTED_FRAMES = 8;

/** How often a frame is expected in a roll-out: each from the frames before, and from those a stride apart where one leads to it. */
export const EXPECTATIONS = [1, ...STRIDES].reduce((sum, stride) => sum + Math.floor(PREDICTED_FRAMES / stride), 0);

export interface OwnPredictionSettings extends Omit<BatchSettings, 'disturb' | 'templatesLeftOut'> {
  /** Share of the examples in which the picture stands still. */
  stills: number;
}

/** Places in clips from which frames are to be predicted one after another, each from those before. */
export interface RollOut {
  /** What is known before the first of them: every frame, and those at each of `STRIDES`. */
  known: readonly StridedWindow[];
  /** The true frames, in levels, [batch, height, width, channels] each. */
  truth: readonly Tensor4D[];
}

/** Frames at a stride, the last of them the last that is known. */
export interface StridedWindow {
  stride: number;
  given: Given;
  /** 1 for each example that has enough of them to tell of motion, else 0: [batch, 1, 1, 1]. */
  counts: Tensor4D;
}

/**
 * Roll-outs to learn the expected frame from: a network that has only seen true frames before does not know how its own
 * look, soft where it was unsure, and once moved wrongly. Only the learned anchor is trained on them; a likelihood that
 * is taught to expect its own errors spreads, and drawn frames run away.
 *
 * In some of them the true frames stand still. What moves in all clips that were learned from (leaves, water) would else be
 * moved wherever something looks alike, though nothing before says that it moves.
 */
export class OwnPredictions {
  private readonly source: RandomFrames;
  private readonly frames: Uint8Array;
  private readonly known: {
    stride: number;
    window: NonNullable<ReturnType<typeof givenBuffer>>;
    counts: Float32Array;
  }[];
  private readonly truth: Float32Array[];

  /**
   * @param shape of a chain of one scale, whose first anchor is learned
   * @param clips indices into the store of clips that are long enough: see `longEnough`
   */
  constructor(
    private readonly shape: ExampleShape,
    store: ClipStore,
    clips: readonly number[],
    private readonly settings: OwnPredictionSettings,
  ) {
    const size = frameBytes(shape);
    this.source = new RandomFrames(store, size, clips, settings, purposes.ownPredictions);
    this.frames = new Uint8Array((shape.context * LONGEST_STRIDE + PREDICTED_FRAMES) * size);
    this.known = [1, ...(shape.context < LEAST_GIVEN ? [] : STRIDES)].map((stride) => ({
      stride,
      window: givenBuffer(shape, shape, settings.batch)!,
      counts: new Float32Array(settings.batch),
    }));
    this.truth = Array.from({ length: PREDICTED_FRAMES }, () => new Float32Array(settings.batch * size));
  }

  /** Whether a clip of so many frames has one that is given and all that are predicted. */
  static longEnough(frames: number): boolean {
    return frames > PREDICTED_FRAMES;
  }

  /** The roll-outs of a step, 0 for the first: a function of the seed and the step alone. */
  rollOut(step: number): RollOut {
    const { source, shape, settings, frames, truth } = this;
    const { size, channels, context } = shape;
    const length = frameBytes(shape);
    for (let example = 0; example < settings.batch; example++) {
      const before = context * LONGEST_STRIDE + PREDICTED_FRAMES - 1;
      const count = source.read(step, example, PREDICTED_FRAMES, before, frames);
      if (source.uniform(step, example, Draw.IsStill) < settings.stills) {
        const seed = source.choice(step, example, Draw.StillSeed, 2 ** 32);
        standStill(frames.subarray(0, count * length), length, seed);
      }
      const mirrored = settings.mirror && source.choice(step, example, Draw.Mirror, 2) === 1;
      const known = count - PREDICTED_FRAMES;
      for (const { stride, window, counts } of this.known) {
        const at = framesAt(stride, known, context);
        const given = at.map((frame) => frames.subarray(frame * length, (frame + 1) * length));
        window.set(example, Buffer.concat(given), at.length, mirrored);
        counts[example] = stride === 1 || at.length >= LEAST_GIVEN ? 1 : 0;
      }
      truth.forEach((all, ahead) => {
        const levels = all.subarray(example * length, (example + 1) * length);
        writeLevels(shape, frames, (known + ahead) * length, mirrored, levels);
      });
    }
    const dimensions: [number, number, number, number] = [settings.batch, size.height, size.width, channels];
    return {
      known: this.known.map(({ stride, window, counts }) => ({
        stride,
        given: { window: window.tensors(settings.batch) },
        counts: tf.tensor4d(counts.slice(), [settings.batch, 1, 1, 1]),
      })),
      truth: truth.map((levels) => tf.tensor4d(levels.slice(), dimensions)),
    };
  }
}

/** Indices of the last frames of `known` that stand a stride apart, at most `most` of them, the earliest first. */
function framesAt(stride: number, known: number, most: number): number[] {
  const number = Math.min(most, Math.ceil(known / stride));
  return Array.from({ length: number }, (_, at) => known - 1 - (number - 1 - at) * stride);
}

/** Frees the tensors of roll-outs. */
export function disposeRollOut({ known, truth }: RollOut): void {
  for (const { given } of known) disposeGiven(given);
  tf.dispose([...known.map(({ counts }) => counts), ...truth]);
}
