import { frameBytes, type ImageShape } from '../levels.js';
import { Philox } from '../philox.js';
import { fastForward, reverse, turn } from './augmentation.js';

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
  /**
   * The same of a part of the pictures, that of the first and that of the last of the frames: between them it moves evenly.
   * Absent where the pictures are only there as a whole.
   */
  readPart?(clip: number, first: number, count: number, parts: readonly [Part, Part], into: Uint8Array): void;
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
  IsPan,
  PanSpeed,
  PanZoom,
  PanAcross,
  PanDown,
  IsTurned,
  QuarterTurns,
  IsFastForward,
  HasLag,
  Lag,
}

/** What every example of a training on clips shares. */
export interface RandomFramesSettings {
  seed: bigint;
  /** Share of the examples in which a part of the frames is shown, chosen at random. */
  crops: number;
  /** Share of those in which the part moves over the picture, as where a camera pans and zooms. */
  pans: number;
  /** Share of the examples in which time runs backwards. */
  reversals: number;
  /** Share of the examples whose frames are turned by quarter turns; by half a turn where they are not square. */
  turns: number;
  /** Share of the examples in which every second frame is left out, where the clip has enough of them. */
  fastForwards: number;
}

/** Runs of frames at random: what an example reads depends on the seed, the step and its place in the step alone. */
export class RandomFrames {
  private readonly philox: Philox;
  private skipped = new Uint8Array(0);

  /**
   * @param clips indices into the store of the clips to read
   * @param purpose the last word of all counters: see `purposes`
   */
  constructor(
    private readonly store: ClipStore,
    private readonly shape: ImageShape,
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
   * @param earliest how many frames there are before the one that is chosen, at least; every clip has them
   * @param before frames to read before it; where the clip begins later, there are fewer
   * @param into the frames, the one to predict last, the whole or a part at random, height x width x channels bytes each
   * @returns how many frames were read, with the chosen one
   */
  read(step: number, example: number, earliest: number, before: number, into: Uint8Array): number {
    const { store, settings, shape } = this;
    const happens = (what: Draw, share: number) => this.uniform(step, example, what) < share;
    const clip = this.clips[this.choice(step, example, Draw.Clip, this.clips.length)];
    const frame = earliest + this.choice(step, example, Draw.Frame, store.clips[clip].frames - earliest);
    const stride = frame >= 2 * earliest && happens(Draw.IsFastForward, settings.fastForwards) ? 2 : 1;
    const count = Math.min(before, Math.floor(frame / stride)) + 1;
    const span = stride * (count - 1) + 1;
    const whole = stride === 1 ? into : this.roomFor(span);
    const first = frame - span + 1;
    if (store.readPart !== undefined && happens(Draw.IsCrop, settings.crops)) {
      store.readPart(clip, first, span, this.parts(step, example), whole);
    } else {
      store.read(clip, first, span, whole);
    }
    const bytes = frameBytes(shape);
    if (stride > 1) fastForward(whole, bytes, count, stride, into);
    if (happens(Draw.IsReversed, settings.reversals)) reverse(into, bytes, count);
    if (happens(Draw.IsTurned, settings.turns)) {
      const isSquare = shape.size.width === shape.size.height;
      turn(into, shape, count, isSquare ? 1 + this.choice(step, example, Draw.QuarterTurns, 3) : 2);
    }
    return count;
  }

  /** The parts that are shown of the first and of the last frame of an example. */
  private parts(step: number, example: number): [Part, Part] {
    const { settings } = this;
    const part = (zoom: Draw, across: Draw, down: Draw): Part => ({
      zoom: LARGEST_ZOOM ** this.uniform(step, example, zoom),
      across: this.uniform(step, example, across),
      down: this.uniform(step, example, down),
    });
    const from = part(Draw.Zoom, Draw.Across, Draw.Down);
    if (this.uniform(step, example, Draw.IsPan) >= settings.pans) return [from, from];
    const toward = part(Draw.PanZoom, Draw.PanAcross, Draw.PanDown);
    const way = this.uniform(step, example, Draw.PanSpeed);
    const between = (key: keyof Part) => from[key] + way * (toward[key] - from[key]);
    return [from, { zoom: between('zoom'), across: between('across'), down: between('down') }];
  }

  private roomFor(frames: number): Uint8Array {
    const bytes = frames * frameBytes(this.shape);
    if (this.skipped.length < bytes) this.skipped = new Uint8Array(bytes);
    return this.skipped;
  }
}
