/** Processes that do one piece of work together, as one of them sees them. All of them make the same calls in the same order. */
export interface ProcessGroup {
  /** Number of this process, from 0. */
  readonly rank: number;
  /** Number of processes: a power of two. */
  readonly size: number;
  /** Whether this process has rank 0, the only one that writes files and to the terminal. */
  readonly isMainProcess: boolean;
  /**
   * Replaces `values`, of one length in all ranks, by their sums over all ranks. The sums are made in a binary tree: neighbours
   * first, then neighbouring pairs, and so on. So they have the same bits in all ranks.
   */
  allReduce(values: Float32Array | Float64Array): Promise<void>;
  /** Returns the `value` of the main process, which is JSON, in all ranks. Ignores the `value` of the others. */
  broadcast<T>(value: T): Promise<T>;
  /** Returns the values of all ranks, in their order, in all ranks. They must be structured-cloneable. */
  allGather<T>(own: T): Promise<T[]>;
}

/** A process group that can be left. */
export interface JoinedProcessGroup extends ProcessGroup {
  /** Ends the work of all ranks together, without error. */
  leave(): Promise<void>;
  /** Ends this rank with an error, and the others with it. The main process prints `line`. */
  fail(line: string): Promise<void>;
}

/** Group of this process alone, whose calls cost nothing. */
export const singleProcess: ProcessGroup = {
  rank: 0,
  size: 1,
  isMainProcess: true,
  allReduce: () => Promise.resolve(),
  broadcast: (value) => Promise.resolve(value),
  allGather: (own) => Promise.resolve([own]),
};

/** The same as a group that can be left. */
export const joinedSingleProcess: JoinedProcessGroup = {
  ...singleProcess,
  leave: () => Promise.resolve(),
  fail: () => Promise.resolve(),
};

/** Waits until all ranks have called it. */
export async function barrier(processGroup: ProcessGroup): Promise<void> {
  await processGroup.allReduce(new Float64Array(processGroup.size));
}

/** Returns the indices below `count` that are this rank's, where they are assigned round-robin. */
export function assignedIndices({ rank, size }: ProcessGroup, count: number): number[] {
  return Array.from({ length: Math.ceil((count - rank) / size) }, (_, at) => rank + at * size);
}

/** Returns what the ranks have made at their assigned indices, in the order of the indices. */
export function interleave<T>(made: readonly (readonly T[])[]): T[] {
  const count = made.reduce((sum, own) => sum + own.length, 0);
  return Array.from({ length: count }, (_, index) => made[index % made.length][Math.floor(index / made.length)]);
}

/**
 * Maps a stream, whose pieces are assigned to the ranks round-robin. Yields each piece with its result, in order, in all ranks.
 * @param work called with each piece by one rank, before that rank takes the next piece
 */
export async function* mapRoundRobin<Piece, Made>(
  processGroup: ProcessGroup,
  pieces: AsyncIterable<Piece>,
  work: (piece: Piece) => Promise<Made>,
): AsyncGenerator<[Piece, Made], void> {
  let round: Piece[] = [];
  let own: Made[] = [];
  async function* made(): AsyncGenerator<[Piece, Made], void> {
    const all = (await processGroup.allGather(own)).flatMap((ofRank) => ofRank);
    const worked = round;
    [round, own] = [[], []];
    for (const [at, piece] of worked.entries()) yield [piece, all[at]];
  }
  for await (const piece of pieces) {
    if (round.length === processGroup.rank) own = [await work(piece)];
    if (round.push(piece) === processGroup.size) yield* made();
  }
  if (round.length > 0) yield* made();
}

/** Adds `values` to `sums`, element by element. Each sum is rounded once, to the type of `sums`. */
export function addInPlace(sums: Float32Array | Float64Array, values: Float32Array | Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}
