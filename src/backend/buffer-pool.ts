/** Allocator of the memory that tensors of the kernels use. */
export interface FloatMemory {
  /** Allocates `length` numbers with unspecified contents. @throws PxvError `RESOURCES` if memory is exhausted */
  make(length: number): Float32Array;
  /** Frees an array that `make` returned. Nothing may read the array afterwards. */
  free(values: Float32Array): void;
  /** True if a kernel call copies arrays that lie outside of this memory, as WebAssembly must. */
  readonly copiesOthers: boolean;
}

/** Minimum length of pooled arrays, in numbers; shorter arrays are cheap to allocate. */
export const SMALLEST_POOLED = 4096;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/**
 * Pool of Float32Arrays of disposed tensors, kept by length for reuse. The first touch of a fresh large array costs a
 * page fault every 4 kB, often more than the kernel that fills the array.
 */
export class BufferPool {
  /** Idle arrays by length; the length released last comes last. */
  private readonly idle = new Map<number, Float32Array[]>();
  private readonly owned = new WeakSet<ArrayBufferLike>();
  /** Requested lengths. The arrays of a counting backend are empty. */
  private readonly lengths = new WeakMap<Float32Array, number>();
  private bytes = 0;

  /**
   * @param maxIdleBytes maximum bytes of idle arrays; above it, arrays of the lengths released least recently are freed
   */
  constructor(
    private readonly memory: FloatMemory,
    private readonly maxIdleBytes: number,
  ) {}

  /**
   * Returns an array of `length` numbers with unspecified contents, from the pool if possible.
   * @throws PxvError `RESOURCES` if memory is exhausted
   */
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

  /**
   * Returns true if the buffer of `values` belongs to the pool, also for a view of a part of an array. Returns false
   * for arrays from `take` that are shorter than `SMALLEST_POOLED`.
   */
  owns(values: ArrayBufferView): boolean {
    return this.owned.has(values.buffer);
  }

  /**
   * Puts an array back into the pool for reuse. Nothing may read the array afterwards.
   * @param values array object that `take` returned, of `SMALLEST_POOLED` numbers or more; no other view of its buffer
   */
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

  /** Frees all idle arrays. */
  clear(): void {
    for (const values of [...this.idle.values()].flat()) this.memory.free(values);
    this.idle.clear();
    this.bytes = 0;
  }

  /** Bytes of idle arrays. */
  get idleBytes(): number {
    return this.bytes;
  }

  /** Allocates an array, and frees all idle arrays first if memory is exhausted. */
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
