import { errorFactory } from './errors.js';

/** Default seed of all random numbers. */
export const DEFAULT_SEED = 1;

const { imul } = Math;
const largestSeed = 0xffff_ffff_ffff_ffffn;

/**
 * Constants of Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * Philox is a keyed bijection of 128-bit counters whose outputs pass tests of randomness. Outputs can be computed in
 * any order.
 */
const rounds = 10;
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Returns the upper 32 bits of the 64-bit product of two unsigned 32-bit numbers, as an int32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = imul(aLow, bLow);
  const cross0 = imul(aHigh, bLow);
  const cross1 = imul(aLow, bHigh);
  const carry = ((low >>> 16) + (cross0 & 0xffff) + (cross1 & 0xffff)) >>> 16;
  return (imul(aHigh, bHigh) + (cross0 >>> 16) + (cross1 >>> 16) + carry) | 0;
}

/**
 * Writes the Philox output block of `counter` (4 words) under `key` (2 words) into `out` (4 words, unsigned 32-bit
 * each).
 */
export function philox4x32(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = imul(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = imul(multiplier1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/**
 * Stream numbers: the last word of a Philox counter, one for each purpose, so that no two purposes share random
 * numbers. Sampling adds the colour channel, 0 to 2, and 256 for each scale above the coarsest.
 */
export const randomStreams = {
  sampling: 0,
  dequantisation: 3,
  firstWeights: 16,
  batches: 17,
  heldOutClips: 18,
  heldOutImages: 19,
  checks: 21,
  epochs: 22,
  rollOuts: 23,
  movingMnist: 24,
} as const;

/** Checks that a seed is a whole number from 0 to 2^64 - 1. @throws PxvError `INPUT` if not */
export function assertSeed(seed: bigint | number): void {
  const isWhole = typeof seed === 'bigint' || Number.isSafeInteger(seed);
  if (isWhole && seed >= 0 && seed <= largestSeed) return;
  const expected = 'a whole number from 0 to 2^64 - 1 (as a bigint above 2^53 - 1)';
  throw errorFactory('INPUT', 'seed random numbers')('seed', expected, String(seed), 'give another seed');
}

/**
 * Counter-based generator of uniform random numbers: a pure function of seed and counter, so the order of calls has no
 * effect.
 */
export class Philox {
  /** Philox key: lower 32 bits of the seed, then upper 32 bits. */
  readonly key: Uint32Array;
  private readonly counter = new Uint32Array(4);
  private readonly block = new Uint32Array(4);

  /** @throws PxvError `INPUT` if the seed is no whole number from 0 to 2^64 - 1 */
  constructor(seed: bigint | number) {
    assertSeed(seed);
    const bits = BigInt(seed);
    this.key = Uint32Array.of(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
  }

  /**
   * Returns a number strictly between 0 and 1: (x + 1/2) / 2^32, where x is the first word of the counter's block. Each
   * word of the counter is a whole number below 2^32.
   */
  uniform(word0: number, word1: number, word2: number, word3: number): number {
    const { counter, block } = this;
    counter[0] = word0;
    counter[1] = word1;
    counter[2] = word2;
    counter[3] = word3;
    philox4x32(counter, this.key, block);
    return (block[0] + 0.5) / 2 ** 32;
  }
}
