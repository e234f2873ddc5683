import type { CropRegion } from '../foundation/crop-region.js';
import { Philox } from '../foundation/philox.js';

/** Clips at the model's size, with random access. */
export interface ClipStore {
  /** Name and number of frames of each clip. */
  clips: readonly { name: string; frames: number }[];
  /**
   * Copies `count` frames of the clip with index `clip`, from frame `first` on, to `into`, height x width x channels
   * bytes each.
   */
  read(clip: number, first: number, count: number, into: Uint8Array): void;
  /**
   * Copies the crop `part` of each frame, resized to the model's size, like `read`; absent if the store has no larger
   * frames.
   */
  readPart?(clip: number, first: number, count: number, part: CropRegion, into: Uint8Array): void;
}

/** Maximum zoom of a crop: the smallest crop has 1 / `MAX_ZOOM` of the frame's width and height. */
export const MAX_ZOOM = 2;

/** Kind of random choice of an example, such as its clip or its zoom. Each kind has a random number of its own. */
export const enum RandomChoice {
  Clip,
  Frame,
  Mirror,
  IsAugmented,
  AugmentationSeed,
  IsCrop,
  Zoom,
  Across,
  Down,
  IsReversed,
  IsStill,
  StillSeed,
  IsWithoutEarlier,
}

/** Options for `RandomFrames`, shared by all examples of a training on clips. */
export interface RandomFramesSettings {
  /** Seed of all random choices. */
  seed: bigint;
  /** True: a random half of the examples is mirrored left to right. */
  mirror: boolean;
  /** Fraction of the examples that are reversed in time, 0 to 1. */
  reversed: number;
  /** Minimum number of frames of the clip before the frame to predict, or before the first frame of a rollout. */
  known: number;
}

/**
 * Reader of random frames with their context. An example depends only on the seed, the step and its index in the step.
 */
export class RandomFrames {
  private readonly philox: Philox;

  /**
   * @param frameBytes bytes of a frame
   * @param clips indices into `store` of the clips to draw from
   * @param purpose stream of random numbers, a member of `randomStreams`
   */
  constructor(
    private readonly store: ClipStore,
    private readonly frameBytes: number,
    private readonly clips: readonly number[],
    private readonly settings: RandomFramesSettings,
    private readonly purpose: number,
  ) {
    this.philox = new Philox(settings.seed);
  }

  /** Returns the random number `what` of an example, in [0, 1). */
  uniform(step: number, example: number, what: RandomChoice): number {
    return this.philox.uniform(step, example, what, this.purpose);
  }

  /** Returns the random number `what` of an example as an integer from 0 to `choices - 1`. */
  choice(step: number, example: number, what: RandomChoice, choices: number): number {
    return Math.floor(this.uniform(step, example, what) * choices);
  }

  /**
   * Returns true if the caller should mirror an example left to right: a random half if `settings.mirror`, else none.
   * `read` does not mirror.
   */
  isMirrored(step: number, example: number): boolean {
    return this.settings.mirror && this.choice(step, example, RandomChoice.Mirror, 2) === 1;
  }

  /**
   * Reads a random frame of a random clip and the frames before it, as one example. A random fraction of the examples,
   * `RandomFramesSettings.reversed`, is reversed in time, so that the earliest frame is the target. Returns the number
   * of frames.
   * @param earliest lowest index of the random frame; every clip has more frames than `earliest`
   * @param before maximum number of frames to read before the random frame; fewer at the start of a clip
   * @param crops fraction of the examples that are a random crop, 0 to 1; no crops if the store has no `readPart`
   * @param into receives the frames, the target last, height x width x channels bytes each
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
      const zoom = MAX_ZOOM ** this.uniform(step, example, RandomChoice.Zoom);
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
