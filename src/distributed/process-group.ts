/** Process group as one of its processes sees the group. All ranks make the same collective calls in the same order. */
export interface ProcessGroup {
  /** Rank: number of this process, from 0. */
  readonly rank: number;
  /** Number of processes: a power of two. */
  readonly size: number;
  /** True for rank 0, the only rank that writes files and prints to the terminal. */
  readonly isMainProcess: boolean;
  /**
   * All-reduce: replaces `values`, of equal length in all ranks, by their sums over all ranks. Sums are made in a
   * binary tree: neighbours first, then neighbouring pairs, and so on. So all ranks get the same bits.
   */
  allReduce(values: Float32Array | Float64Array): Promise<void>;
  /** Returns the main process's `value` in all ranks, transferred as JSON. The `value` of other ranks is ignored. */
  broadcast<T>(value: T): Promise<T>;
  /**
   * All-gather: returns the values `own` of all ranks, in rank order, in all ranks. Values are copied by the structured
   * clone algorithm.
   */
  allGather<T>(own: T): Promise<T[]>;
}

/** Process group that this process can leave. */
export interface JoinedProcessGroup extends ProcessGroup {
  /** Leaves the group without error. Resolves after all ranks have called `leave`. */
  leave(): Promise<void>;
  /** Ends all ranks with an error of this rank. The main process prints `line`. */
  fail(line: string): Promise<void>;
}

/** Process group of this process alone; its calls return at once. */
export const singleProcess: ProcessGroup = {
  rank: 0,
  size: 1,
  isMainProcess: true,
  allReduce: () => Promise.resolve(),
  broadcast: (value) => Promise.resolve(value),
  allGather: (own) => Promise.resolve([own]),
};

/** `singleProcess` as a group that can be left; `leave` and `fail` do nothing. */
export const joinedSingleProcess: JoinedProcessGroup = {
  ...singleProcess,
  leave: () => Promise.resolve(),
  fail: () => Promise.resolve(),
};

/** Resolves after all ranks have called `barrier`. */
export async function barrier(processGroup: ProcessGroup): Promise<void> {
  await processGroup.allReduce(new Float64Array(processGroup.size));
}

/**
 * Returns the indices below `count` that are assigned to this rank round-robin: rank, rank + size, rank + 2 size, ...
 */
export function assignedIndices({ rank, size }: ProcessGroup, count: number): number[] {
  return Array.from({ length: Math.ceil((count - rank) / size) }, (_, at) => rank + at * size);
}

/** Adds `values` to `sums` element by element. Each sum is rounded once, to the type of `sums`. */
export function addInPlace(sums: Float32Array | Float64Array, values: Float32Array | Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}
