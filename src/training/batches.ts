import { ExampleBuffer, frameBytes, type Examples, type ExampleShape } from '../model/examples.js';
import { Philox, purposes } from '../philox.js';
import { Disturbance } from './disturbance.js';

/** A part of a picture that is shown instead of the whole, scaled to the model's size. */
export interface Part {
  /** How many times smaller than the whole, in width and height; at least 1. */
  zoom: number;
  /** Where it lies, from left to right, 0 to 1. */
  across: number;
  /** Where it lies, from top to bottom, 0 to 1. */
  down: number;
}

/** Clips at the model's size, read at random. */
export interface ClipStore {
  clips: readonly { name: string; frames: number }[];
  /** Copies frames first to first + count - 1 of a clip, height x width x channels bytes each, to the start of `into`. */
  read(clip: number, first: number, count: number, into: Uint8Array): void;
  /** The same of a part of the pictures; absent where they are only there as a whole. */
  readPart?(clip: number, first: number, count: number, part: Part, into: Uint8Array): void;
}

/** The smallest part that is shown has the whole's width and height over this. */
export const LARGEST_ZOOM = 2;

/** What each random number of a batch decides. */
const enum Draw {
  Clip,
  Frame,
  Mirror,
  Disturb,
  DisturbanceSeed,
  IsCrop,
  Zoom,
  Across,
  Down,
}

/**
 * The batches of a training: a clip at random, a frame of it (not its first) at random, of which the whole or a part at
 * random is shown. What a step sees depends on the seed and the step alone.
 */
export class TrainingBatches {
  private readonly philox: Philox;
  private readonly buffer: ExampleBuffer;
  private readonly disturbance: Disturbance;
  private readonly frames: Uint8Array;
  private readonly context: number;

  /** @param clips indices into the store of clips of at least two frames */
  constructor(
    shape: ExampleShape,
    private readonly store: ClipStore,
    private readonly clips: readonly number[],
    private readonly settings: { seed: bigint; batch: number; mirror: boolean; disturb: number; crops: number },
  ) {
    this.philox = new Philox(settings.seed);
    this.buffer = new ExampleBuffer(shape, settings.batch);
    this.disturbance = new Disturbance(shape);
    this.context = shape.context;
    this.frames = new Uint8Array((this.context + 1) * frameBytes(shape));
  }

  /** Examples of a step, 0 for the first. */
  batch(step: number): Examples {
    const { store, clips, settings, context } = this;
    this.buffer.clear();
    for (let example = 0; example < settings.batch; example++) {
      const uniform = (what: Draw) => this.philox.uniform(step, example, what, purposes.batches);
      const draw = (what: Draw, choices: number) => Math.floor(uniform(what) * choices);
      const clip = clips[draw(Draw.Clip, clips.length)];
      const frame = 1 + draw(Draw.Frame, store.clips[clip].frames - 1);
      const first = Math.max(0, frame - context);
      const count = frame - first + 1;
      if (store.readPart !== undefined && uniform(Draw.IsCrop) < settings.crops) {
        const zoom = LARGEST_ZOOM ** uniform(Draw.Zoom);
        const part = { zoom, across: uniform(Draw.Across), down: uniform(Draw.Down) };
        store.readPart(clip, first, count, part, this.frames);
      } else {
        store.read(clip, first, count, this.frames);
      }
      const mirrored = settings.mirror && draw(Draw.Mirror, 2) === 1;
      const disturb =
        uniform(Draw.Disturb) < settings.disturb
          ? this.disturbance.seeded(draw(Draw.DisturbanceSeed, 2 ** 32))
          : undefined;
      this.buffer.add(this.frames, count, mirrored, disturb);
    }
    return this.buffer.tensors();
  }
}
