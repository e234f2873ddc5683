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
 *
 * Samples that are drawn from the same context may share strata, as in a Latin hypercube (McKay, Beckman and Conover
 * 1979): the numbers that as many samples have at a sub-pixel lie evenly between 0 and 1, in an order of that sub-pixel's
 * own. Each sample alone is drawn as if there were no other; together they cover more of what may come, and their mean is
 * nearer to the expected image.
 */
export class Noise {
  private readonly philox: Philox;

  /**
   * @param seed - A whole number from 0 to 2^64 - 1; anything else is an `INPUT` error.
   * @param strata samples that share them, 0 to strata - 1, then as many more; 1: all are drawn apart
   */
  constructor(
    seed: bigint | number,
    readonly strata = 1,
  ) {
    this.philox = new Philox(seed);
  }

  /**
   * A number strictly between 0 and 1. Apart, that of the Philox block whose counter is (sample, frame, position, channel +
   * 256 scale); position and channel are those of a sub-pixel at its scale; scale 0 is the coarsest. With strata, the first of
   * the samples that share them has that number; the others lie rank / strata further on, around the end to the beginning,
   * by the rank of theirs, from 1, among those of all but the first.
   */
  uniform(sample: number, frame: number, position: number, channel: number, scale = 0): number {
    const { philox, strata } = this;
    const word = lastWord(scale) + channel;
    const own = philox.uniform(sample, frame, position, word);
    const first = sample - (sample % strata);
    if (sample === first) return own;
    let rank = 1;
    for (let other = first + 1; other < first + strata; other++) {
      const theirs = philox.uniform(other, frame, position, word);
      if (theirs < own || (theirs === own && other < sample)) rank++;
    }
    const moved = philox.uniform(first, frame, position, word) + rank / strata;
    return moved < 1 ? moved : moved - 1;
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
