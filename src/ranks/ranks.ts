/** Processes that do one piece of work together, as one of them sees them. All of them make the same calls in the same order. */
export interface Ranks {
  /** Which of them this one is, from 0. */
  readonly rank: number;
  /** How many there are: a power of two. */
  readonly size: number;
  /** Whether this one writes files and to the terminal: the first alone does. */
  readonly isWriter: boolean;
  /**
   * Replaces numbers, as many in each rank, by their sums over all ranks, in a binary tree: neighbours first, then
   * neighbouring pairs, and so on. The sums have the same bits in all ranks.
   */
  sum(values: Float32Array | Float64Array): Promise<void>;
  /** What the first rank gives, a value of JSON; what the others give is not looked at. */
  broadcast<T>(value: T): Promise<T>;
}

/** One process, which costs nothing. */
export const alone: Ranks = {
  rank: 0,
  size: 1,
  isWriter: true,
  sum: () => Promise.resolve(),
  broadcast: (value) => Promise.resolve(value),
};

/** Waits until all ranks have come here. */
export async function barrier(ranks: Ranks): Promise<void> {
  await ranks.sum(new Float64Array(ranks.size));
}

/** Those of some places that are this rank's: they are dealt in turn. */
export function ownPlaces({ rank, size }: Ranks, count: number): number[] {
  return Array.from({ length: Math.ceil((count - rank) / size) }, (_, at) => rank + at * size);
}

/** Adds the numbers of one array to those of another, each sum rounded once, by the type of the arrays. */
export function addTo(sums: Float32Array | Float64Array, values: Float32Array | Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}
