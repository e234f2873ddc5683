import { Philox, purposes } from '../foundation/philox.js';

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
 * is, never of who draws it or when. It is that of the Philox block whose counter is (sample, frame, position, channel +
 * 256 scale), position and channel being those of the sub-pixel at its scale.
 */
export class Noise {
  /** The key of Philox. */
  readonly key: Uint32Array;

  /** @param seed - A whole number from 0 to 2^64 - 1; anything else is an `INPUT` error. */
  constructor(seed: bigint | number) {
    this.key = new Philox(seed).key;
  }

  /** Of an image's counters: the first word, the second, and the last of channel 0. */
  static words({ sample, frame, scale }: NoiseStream): [number, number, number] {
    return [sample, frame, purposes.sampling + SCALE_WORDS * scale];
  }
}
