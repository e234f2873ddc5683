import { PxvError } from '../errors.js';
import { philox4x32 } from './philox.js';

const largestSeed = 0xffff_ffff_ffff_ffffn;

/**
 * The randomness of sampling: one uniform number for each sub-pixel, a function of the seed and of which sub-pixel it
 * is, never of who draws it or when.
 */
export class Noise {
  private readonly key: Uint32Array;
  private readonly counter = new Uint32Array(4);
  private readonly block = new Uint32Array(4);

  /** @param seed - A whole number from 0 to 2^64 - 1; anything else is an `INPUT` error. */
  constructor(seed: bigint | number) {
    const whole = typeof seed === 'bigint' || Number.isSafeInteger(seed);
    if (!whole || seed < 0 || seed > largestSeed) {
      throw new PxvError({
        code: 'INPUT',
        operation: 'seed noise',
        argument: 'seed',
        expected: 'a whole number from 0 to 2^64 - 1 (as a bigint above 2^53 - 1)',
        received: String(seed),
        remedy: 'give another seed',
      });
    }
    const bits = BigInt(seed);
    this.key = Uint32Array.of(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
  }

  /**
   * A number strictly between 0 and 1: (x + 1/2) / 2^32, where x is the first word of the Philox block whose counter is
   * the four arguments, each a whole number below 2^32.
   */
  uniform(sample: number, frame: number, position: number, channel: number): number {
    const { counter, block } = this;
    counter[0] = sample;
    counter[1] = frame;
    counter[2] = position;
    counter[3] = channel;
    philox4x32(counter, this.key, block);
    return (block[0] + 0.5) / 2 ** 32;
  }
}
