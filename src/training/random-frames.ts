import { Philox } from '../foundation/philox.js';

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

/** What each random number of an example decides. */
export const enum Draw {
  Clip,
  Frame,
  Mirror,
  Disturb,
  DisturbanceSeed,
  IsCrop,
  Zoom,
  Across,
  Down,
  IsReversed,
  IsStill,
  StillSeed,
  IsWithoutEarlier,
}

/** What every example of a training on clips shares. */
export interface RandomFramesSettings {
  seed: bigint;
  /** Share of the examples in which time runs backwards. */
  reversed: number;
}

/** Runs of frames at random: what an example reads depends on the seed, the step and its place in the step alone. */
export class RandomFrames {
  private readonly philox: Philox;

  /** @param clips indices into the store @param purpose the last word of all counters: see `purposes` */
  constructor(
    private readonly store: ClipStore,
    private readonly frameBytes: number,
    private readonly clips: readonly number[],
    private readonly settings: RandomFramesSettings,
    private readonly purpose: number,
  ) {
    this.philox = new Philox(settings.seed);
  }

  /** A random number of an example, between 0 and 1. */
  uniform(step: number, example: number, what: Draw): number {
    return this.philox.uniform(step, example, what, this.purpose);
  }

  /** A random whole number of an example, below `choices`. */
  choice(step: number, example: number, what: Draw, choices: number): number {
    return Math.floor(this.uniform(step, example, what) * choices);
  }

  /**
   * Reads a clip at random, a frame of it at random, and those before it; where time runs backwards, the last of them is
   * the one to predict.
   *
   * @param earliest the first frame that may be chosen; every clip has it
   * @param before frames to read before it; where the clip begins later, there are fewer
   * @param crops share of the examples in which a part of the frames is shown, chosen at random
   * @param into the frames, the one to predict last, the whole or a part at random, height x width x channels bytes each
   * @returns how many frames were read, with the chosen one
   */
  read(
    step: number,
    example: number,
    { earliest, before, crops }: { earliest: number; before: number; crops: number },
    into: Uint8Array,
  ): number {
    const { store, settings } = this;
    const clip = this.clips[this.choice(step, example, Draw.Clip, this.clips.length)];
    const frame = earliest + this.choice(step, example, Draw.Frame, store.clips[clip].frames - earliest);
    const first = Math.max(0, frame - before);
    const count = frame - first + 1;
    if (store.readPart !== undefined && this.uniform(step, example, Draw.IsCrop) < crops) {
      const zoom = LARGEST_ZOOM ** this.uniform(step, example, Draw.Zoom);
      const [across, down] = [Draw.Across, Draw.Down].map((what) => this.uniform(step, example, what));
      store.readPart(clip, first, count, { zoom, across, down }, into);
    } else {
      store.read(clip, first, count, into);
    }
    if (this.uniform(step, example, Draw.IsReversed) < settings.reversed) this.reverse(into, count);
    return count;
  }

  private reverse(frames: Uint8Array, count: number): void {
    const { frameBytes } = this;
    for (let early = 0, late = count - 1; early < late; early++, late--) {
      const kept = frames.slice(early * frameBytes, (early + 1) * frameBytes);
      frames.copyWithin(early * frameBytes, late * frameBytes, (late + 1) * frameBytes);
      frames.set(kept, late * frameBytes);
    }
  }
}
