import { Philox } from '../foundation/philox.js';

/** A part of a picture that is shown in place of the whole: `zoom` times smaller each way, 1 or more; its place, 0 to 1. */
export interface CropRegion {
  zoom: number;
  across: number;
  down: number;
}

/** Clips at the model's size, read at random. */
export interface ClipStore {
  clips: readonly { name: string; frames: number }[];
  /** Copies frames first to first + count - 1 of a clip, height x width x channels bytes each, to the start of `into`. */
  read(clip: number, first: number, count: number, into: Uint8Array): void;
  /** The same of a part of the pictures; absent where they are only there as a whole. */
  readPart?(clip: number, first: number, count: number, part: CropRegion, into: Uint8Array): void;
}

/** The smallest part that is shown has the whole's width and height over this. */
export const LARGEST_ZOOM = 2;

/** What each random number of an example decides. */
export const enum RandomChoice {
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
  /** Whether every other example is mirrored left to right. */
  mirror: boolean;
  /** Share of the examples in which time runs backwards. */
  reversed: number;
}

/** Runs of frames at random: what an example reads depends on the seed, the step and its place in the step alone. */
export class RandomFrames {
  private readonly philox: Philox;

  /** @param clips indices into the store @param purpose the last word of all counters: see `randomStreams` */
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
  uniform(step: number, example: number, what: RandomChoice): number {
    return this.philox.uniform(step, example, what, this.purpose);
  }

  /** A random whole number of an example, below `choices`. */
  choice(step: number, example: number, what: RandomChoice, choices: number): number {
    return Math.floor(this.uniform(step, example, what) * choices);
  }

  isMirrored(step: number, example: number): boolean {
    return this.settings.mirror && this.choice(step, example, RandomChoice.Mirror, 2) === 1;
  }

  /**
   * Reads a random frame of a random clip and those before it, in time or backwards, and returns how many they are.
   * @param earliest the first frame that may be chosen; every clip has it
   * @param before frames to read before it; where the clip begins later, there are fewer
   * @param crops share of the examples in which a part of the frames is shown, chosen at random
   * @param into the frames, the one to predict last, height x width x channels bytes each
   */
  read(
    step: number,
    example: number,
    { earliest, before, crops }: { earliest: number; before: number; crops: number },
    into: Uint8Array,
  ): number {
    const { store, settings } = this;
    const clip = this.clips[this.choice(step, example, RandomChoice.Clip, this.clips.length)];
    const frame = earliest + this.choice(step, example, RandomChoice.Frame, store.clips[clip].frames - earliest);
    const first = Math.max(0, frame - before);
    const count = frame - first + 1;
    if (store.readPart !== undefined && this.uniform(step, example, RandomChoice.IsCrop) < crops) {
      const zoom = LARGEST_ZOOM ** this.uniform(step, example, RandomChoice.Zoom);
      const [across, down] = [RandomChoice.Across, RandomChoice.Down].map((what) => this.uniform(step, example, what));
      store.readPart(clip, first, count, { zoom, across, down }, into);
    } else {
      store.read(clip, first, count, into);
    }
    if (this.uniform(step, example, RandomChoice.IsReversed) < settings.reversed) this.reverse(into, count);
    return count;
  }

  private reverse(frames: Uint8Array, count: number): void {
    const { frameBytes: size } = this;
    const inOrder = frames.slice(0, count * size);
    for (let at = 0; at < count; at++)
      frames.set(inOrder.subarray(at * size, (at + 1) * size), (count - 1 - at) * size);
  }
}
