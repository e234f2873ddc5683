import { Philox, purposes } from '../philox.js';

/** How far the counter's last words of two scales lie apart; the other `purposes` lie among those of the first. */
const SCALE_WORDS = 256;

/** Which numbers of a noise an image takes. */
export interface NoiseStream {
  /** Counts images or futures that are drawn side by side. */
  sample: number;
  /** Index of the frame in its clip. */
  frame: number;
  /** Index of the scale, 0 the coarsest. */
  scale: number;
}

/**
 * The randomness of sampling: one uniform number for each sub-pixel, a function of the seed and of which sub-pixel it
 * is, never of who draws it or when.
 */
export class Noise {
  private readonly philox: Philox;

  /** @param seed - A whole number from 0 to 2^64 - 1; anything else is an `INPUT` error. */
  constructor(seed: bigint | number) {
    this.philox = new Philox(seed);
  }

  /**
   * A number strictly between 0 and 1 from the Philox block whose counter is (sample, frame, position, channel + 256
   * scale). Position and channel are those of a sub-pixel at its scale; scale 0 is the coarsest.
   */
  uniform(sample: number, frame: number, position: number, channel: number, scale = 0): number {
    return this.philox.uniform(sample, frame, position, lastWord(scale) + channel);
  }

  /** The key of Philox, for whoever draws the same numbers without this object. */
  get key(): Uint32Array {
    return this.philox.key;
  }

  /** Of an image's counters: the first word, the second, and the last of channel 0. */
  static words({ sample, frame, scale }: NoiseStream): [number, number, number] {
    return [sample, frame, lastWord(scale)];
  }
}

/** Of the counters of a scale's channel 0. */
function lastWord(scale: number): number {
  return purposes.sampling + SCALE_WORDS * scale;
}
