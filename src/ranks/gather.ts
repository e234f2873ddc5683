import { deserialize, serialize } from 'node:v8';
import type { Ranks } from './ranks.js';

/** What each rank gives, in their order, in every rank: values that can be cloned. */
export async function gather<T>(ranks: Ranks, own: T): Promise<T[]> {
  if (ranks.size === 1) return [own];
  const bytes = serialize(own);
  const lengths = new Float64Array(ranks.size);
  lengths[ranks.rank] = bytes.length;
  await ranks.sum(lengths);
  const starts = [...lengths.keys()].map((rank) => lengths.subarray(0, rank).reduce((sum, length) => sum + length, 0));
  // Each byte is summed with zeros of the others, which is exact.
  const all = new Float32Array(starts[ranks.size - 1] + lengths[ranks.size - 1]);
  all.set(bytes, starts[ranks.rank]);
  await ranks.sum(all);
  const texts = Buffer.from(all);
  return starts.map((start, rank) => deserialize(texts.subarray(start, start + lengths[rank])) as T);
}
