import { Philox, purposes } from '../../philox.js';

/** What the checks draw at random: the third word of the counters. Each clip has one of its own, from `clips` on. */
export const draws = { choice: 0, weights: 1, outputs: 2, clips: 3 } as const;

/** Numbers strictly between 0 and 1, one for each two words. */
export function checkDraws(seed: bigint | number, what: number): (word0: number, word1?: number) => number {
  const philox = new Philox(seed);
  return (word0, word1 = 0) => philox.uniform(word0, word1, what, purposes.checks);
}
