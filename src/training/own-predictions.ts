import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { withPrecision, type Precision } from '../backend/precision.js';
import type { Chain } from '../model/chain.js';
import { byteOf, disposeExamples, ExampleBuffer, frameBytes, type Examples } from '../model/examples.js';
import { conditionOf } from '../model/network.js';
import { purposes } from '../philox.js';
import type { BatchSettings } from './batches.js';
import { Disturbance, standStill } from './disturbance.js';
import { Draw, RandomFrames, type ClipStore } from './random-frames.js';

/** Predictions of the model's own before the frame that is learnt from: at most as many as `predict` makes by default, less 1. */
const MOST = 7;
/** Of all examples of a step: how many predictions there are. A word of its own beside the examples' numbers. */
const STEP_WORD = 0xffff_ffff;

export interface OwnPredictionSettings extends Omit<BatchSettings, 'mirror'> {
  /** Share of the examples in which the picture stands still. */
  stills: number;
  /** Of the products that the predictions are made with. */
  precision: Precision;
}

/**
 * Examples whose last frames before the image are not true but the model's own expected frames, one after another, as in a
 * roll-out. A network that has only seen true frames before does not know how its own look: soft where it was unsure,
 * and once moved wrongly. Only the learned anchor is trained on them; a likelihood that is taught to expect its own
 * errors spreads, and drawn frames run away.
 *
 * In some of them the true frames stand still. What moves in all clips that were learned from (leaves, water) would else be
 * moved wherever something looks alike, though nothing before says that it moves.
 */
export class OwnPredictions {
  private readonly source: RandomFrames;
  private readonly disturbance: Disturbance;
  /** By example: a true frame or more, those that were predicted, and the image. */
  private readonly frames: Uint8Array[];
  private readonly buffer: ExampleBuffer;

  /**
   * @param chain of one scale, whose first anchor is learned
   * @param clips indices into the store of clips that are long enough: see `longEnough`
   */
  constructor(
    private readonly chain: Chain,
    store: ClipStore,
    clips: readonly number[],
    private readonly settings: OwnPredictionSettings,
  ) {
    const shape = chain.exampleShape;
    this.source = new RandomFrames(store, frameBytes(shape), clips, settings, purposes.ownPredictions);
    this.disturbance = new Disturbance(shape);
    this.buffer = new ExampleBuffer(shape, settings.batch);
    const room = (shape.context + MOST + 1) * frameBytes(shape);
    this.frames = Array.from({ length: settings.batch }, () => new Uint8Array(room));
  }

  /** Whether a clip of so many frames has one that is true, all that may be predicted, and one to learn from. */
  static longEnough(frames: number): boolean {
    return frames >= MOST + 2;
  }

  /** Examples of a step, 0 for the first: a function of the seed, the step and the weights. */
  async examples(step: number, weights: readonly Tensor[]): Promise<Examples> {
    const { source, chain, frames, settings } = this;
    const { context } = chain.exampleShape;
    const predictions = 1 + source.choice(step, STEP_WORD, Draw.Frame, MOST);
    const counts = frames.map((into, example) => {
      const count = source.read(step, example, predictions + 1, context + predictions, into);
      if (source.uniform(step, example, Draw.IsStill) < settings.stills) {
        const seed = source.choice(step, example, Draw.StillSeed, 2 ** 32);
        standStill(into.subarray(0, count * frameBytes(chain.exampleShape)), frameBytes(chain.exampleShape), seed);
      }
      return count;
    });
    for (let done = 0; done < predictions; done++) {
      const given = this.given(step, (example) => counts[example] - 1 - predictions + done);
      const bytes = await this.expected(given, weights);
      const size = frameBytes(chain.exampleShape);
      frames.forEach((into, example) => {
        const place = counts[example] - 1 - predictions + done;
        into.set(bytes.subarray(example * size, (example + 1) * size), place * size);
      });
    }
    return this.given(step, (example) => counts[example] - 1);
  }

  /** The examples whose images are the frames at these places. */
  private given(step: number, place: (example: number) => number): Examples {
    const { settings, source, buffer, frames } = this;
    const { context } = this.chain.exampleShape;
    const size = frameBytes(this.chain.exampleShape);
    buffer.clear();
    for (let example = 0; example < settings.batch; example++) {
      const first = Math.max(0, place(example) - context);
      const disturb =
        source.uniform(step, example, Draw.Disturb) < settings.disturb
          ? this.disturbance.seeded(source.choice(step, example, Draw.DisturbanceSeed, 2 ** 32))
          : undefined;
      buffer.add(frames[example].subarray(first * size), place(example) - first + 1, false, disturb);
    }
    return buffer.tensors();
  }

  /** Bytes of the expected frames, one after another; the examples are disposed of. */
  private async expected(examples: Examples, weights: readonly Tensor[]): Promise<Uint8Array> {
    const { levels } = this.chain.exampleShape;
    const [network] = this.chain.scales;
    const compute = () => tf.tidy(() => conditionOf(network, weights, examples.given)!.anchors[0]);
    const anchor = withPrecision(this.settings.precision, compute);
    disposeExamples(examples);
    const values = await anchor.data();
    anchor.dispose();
    const bytes = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
      bytes[i] = byteOf(Math.min(Math.max(Math.round(values[i]), 0), levels - 1), levels);
    }
    return bytes;
  }
}
