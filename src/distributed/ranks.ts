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
  /** What each rank gives, in their order: values that can be cloned. All ranks have it. */
  gather<T>(own: T): Promise<T[]>;
}

/** One process, which costs nothing. */
export const alone: Ranks = {
  rank: 0,
  size: 1,
  isWriter: true,
  sum: () => Promise.resolve(),
  broadcast: (value) => Promise.resolve(value),
  gather: (own) => Promise.resolve([own]),
};

/** Waits until all ranks have come here. */
export async function barrier(ranks: Ranks): Promise<void> {
  await ranks.sum(new Float64Array(ranks.size));
}

/** Those of some places that are this rank's: they are dealt in turn. */
export function ownPlaces({ rank, size }: Ranks, count: number): number[] {
  return Array.from({ length: Math.ceil((count - rank) / size) }, (_, at) => rank + at * size);
}

/** What all ranks have made at their own places, in the order of the places. */
export function inOrderOfPlaces<T>(made: readonly (readonly T[])[]): T[] {
  const count = made.reduce((sum, own) => sum + own.length, 0);
  return Array.from({ length: count }, (_, place) => made[place % made.length][Math.floor(place / made.length)]);
}

/**
 * Pieces of work that ranks do in turn, each with what came of it, in their order. All ranks are given all of them.
 * @param work done with a piece, by one rank, before the next piece is taken
 */
export async function* dealt<Piece, Made>(
  ranks: Ranks,
  pieces: AsyncIterable<Piece>,
  work: (piece: Piece) => Promise<Made>,
): AsyncGenerator<[Piece, Made], void> {
  let round: Piece[] = [];
  let own: Made[] = [];
  async function* made(): AsyncGenerator<[Piece, Made], void> {
    const all = (await ranks.gather(own)).flatMap((ofRank) => ofRank);
    const worked = round;
    [round, own] = [[], []];
    for (const [at, piece] of worked.entries()) yield [piece, all[at]];
  }
  for await (const piece of pieces) {
    if (round.length === ranks.rank) own = [await work(piece)];
    if (round.push(piece) === ranks.size) yield* made();
  }
  if (round.length > 0) yield* made();
}

/** Adds the numbers of one array to those of another, each sum rounded once, by the type of the arrays. */
export function addTo(sums: Float32Array | Float64Array, values: Float32Array | Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}
