import { Philox } from '../philox.js';

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

  /** A number strictly between 0 and 1 from the Philox block whose counter is the four arguments, in this order. */
  uniform(sample: number, frame: number, position: number, channel: number): number {
    return this.philox.uniform(sample, frame, position, channel);
  }
}
