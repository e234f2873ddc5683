import { BufferPool } from './buffer-pool.js';

/** What a `BufferPool` would hold of arrays whose lengths alone are known. */
export class PoolLedger {
  private readonly pool: BufferPool;
  private liveBytes = 0;
  private most = 0;

  /** @param maxIdleBytes as of the pool */
  constructor(maxIdleBytes: number) {
    this.pool = new BufferPool({ make: lengthAlone, free: () => undefined, copiesOthers: false }, maxIdleBytes);
  }

  /** The most bytes so far, in use and idle together. */
  get peakBytes(): number {
    return this.most;
  }

  take(length: number): void {
    this.pool.take(length);
    this.liveBytes += 4 * length;
    this.most = Math.max(this.most, this.liveBytes + this.pool.idleBytes);
  }

  release(length: number): void {
    this.liveBytes -= 4 * length;
    this.pool.release(lengthAlone(length));
  }
}

/** As much of an array as the pool reads. */
const lengthAlone = (length: number) => ({ length, byteLength: 4 * length, buffer: {} }) as Float32Array;
