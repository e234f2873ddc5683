/** Where tensors of the kernels lie. */
export interface FloatMemory {
  /** An array with unspecified contents. Throws RESOURCES where there is no room for it. */
  make(length: number): Float32Array;
  /** Gives back what `make` gave; nobody may read it afterwards. */
  free(values: Float32Array): void;
  /** Whether arrays that lie elsewhere are copied at each call. */
  readonly copiesOthers: boolean;
}

/** Arrays shorter than this are cheap to allocate afresh and are not pooled. */
export const SMALLEST_POOLED = 4096;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/**
 * Float32Arrays of disposed tensors, kept by length for the next tensor of that length: the first touch of a fresh
 * large array costs a page fault every 4 kB, often more than the kernel that fills it.
 */
export class BufferPool {
  /** Idle arrays by length; the length released last comes last. */
  private readonly idle = new Map<number, Float32Array[]>();
  private readonly owned = new WeakSet<ArrayBufferLike>();
  /** As they were asked for: arrays that are only counted are empty. */
  private readonly lengths = new WeakMap<Float32Array, number>();
  private bytes = 0;

  /** @param maxIdleBytes beyond it, the lengths not used for longest are given back to the system */
  constructor(
    private readonly memory: FloatMemory,
    private readonly maxIdleBytes: number,
  ) {}

  /** An array with unspecified contents. */
  take(length: number): Float32Array {
    const reused = this.idle.get(length)?.pop();
    if (reused) {
      this.bytes -= FLOAT * length;
      return reused;
    }
    if (length < SMALLEST_POOLED) return new Float32Array(length);
    const values = this.make(length);
    this.owned.add(values.buffer);
    this.lengths.set(values, length);
    return values;
  }

  /** Whether these values lie in memory that will be used again after a release. */
  owns(values: ArrayBufferView): boolean {
    return this.owned.has(values.buffer);
  }

  /** Takes back an array that `take` gave; nobody may read it afterwards. */
  release(values: Float32Array): void {
    const own = this.lengths.get(values)!;
    const sameLength = this.idle.get(own) ?? [];
    sameLength.push(values);
    this.idle.delete(own);
    this.idle.set(own, sameLength);
    this.bytes += FLOAT * own;
    for (const [length, arrays] of this.idle) {
      if (this.bytes <= this.maxIdleBytes) break;
      for (let idle; this.bytes > this.maxIdleBytes && (idle = arrays.pop()); this.bytes -= FLOAT * length)
        this.memory.free(idle);
      if (arrays.length === 0) this.idle.delete(length);
    }
  }

  /** Gives all idle arrays back to the system. */
  clear(): void {
    for (const values of [...this.idle.values()].flat()) this.memory.free(values);
    this.idle.clear();
    this.bytes = 0;
  }

  get idleBytes(): number {
    return this.bytes;
  }

  /** Where there is no room, idle arrays of other lengths make some. */
  private make(length: number): Float32Array {
    try {
      return this.memory.make(length);
    } catch (error) {
      if (this.bytes === 0) throw error;
      this.clear();
      return this.memory.make(length);
    }
  }
}
