import { ExampleBuffer, frameBytes, type Examples, type ExampleShape } from '../model/examples.js';
import { purposes } from '../foundation/philox.js';
import { disturbance } from './disturbance.js';
import { Draw, RandomFrames, type ClipStore, type RandomFramesSettings } from './random-frames.js';

export interface BatchSettings extends RandomFramesSettings {
  /** Examples a step. */
  batch: number;
  /** Whether every other example is mirrored left to right. */
  mirror: boolean;
  /** Share of the examples in which the network is shown disturbed sub-pixels. */
  disturbed: number;
  /** Share of the examples in which nothing is looked for among earlier pixels, as where futures are drawn. */
  withoutEarlier: number;
}

/** The batches of a training, by seed and step alone: random frames of random clips, not the first, whole or in part. */
export class TrainingBatches {
  private readonly source: RandomFrames;
  private readonly buffer: ExampleBuffer;
  private readonly frames: Uint8Array;

  /** @param clips indices into the store of clips of at least two frames */
  constructor(
    private readonly shape: ExampleShape,
    store: ClipStore,
    clips: readonly number[],
    private readonly settings: BatchSettings,
  ) {
    this.source = new RandomFrames(store, frameBytes(shape), clips, settings, purposes.batches);
    this.buffer = new ExampleBuffer(shape, settings.batch);
    this.frames = new Uint8Array((shape.context + 1) * frameBytes(shape));
  }

  /** Examples of a step, 0 for the first. @param crops see `RandomFrames.read` */
  batch(step: number, crops: number): Examples {
    const { source, settings, shape } = this;
    this.buffer.clear();
    for (let example = 0; example < settings.batch; example++) {
      const count = source.read(step, example, { earliest: 1, before: shape.context, crops }, this.frames);
      const mirrored = settings.mirror && source.choice(step, example, Draw.Mirror, 2) === 1;
      const disturb =
        source.uniform(step, example, Draw.Disturb) < settings.disturbed
          ? disturbance(shape, source.choice(step, example, Draw.DisturbanceSeed, 2 ** 32))
          : undefined;
      const earlierPixels = !(source.uniform(step, example, Draw.IsWithoutEarlier) < settings.withoutEarlier);
      this.buffer.add(this.frames, count, mirrored, disturb, earlierPixels);
    }
    return this.buffer.tensors();
  }
}
