/** What a `BufferPool` would hold of arrays whose lengths alone are known: the same rules, without the memory. */
export class PoolLedger {
  /** Idle arrays by length; the length released last comes last. */
  private readonly idle = new Map<number, number>();
  private liveBytes = 0;
  private idleBytes = 0;
  private most = 0;

  /** @param maxIdleBytes as of the pool */
  constructor(private readonly maxIdleBytes: number) {}

  /** The most bytes so far, in use and idle together. */
  get peakBytes(): number {
    return this.most;
  }

  take(length: number): void {
    const count = this.idle.get(length) ?? 0;
    if (count > 0) {
      this.idle.set(length, count - 1);
      this.idleBytes -= 4 * length;
    }
    this.liveBytes += 4 * length;
    this.most = Math.max(this.most, this.liveBytes + this.idleBytes);
  }

  release(length: number): void {
    this.liveBytes -= 4 * length;
    const count = this.idle.get(length) ?? 0;
    this.idle.delete(length);
    this.idle.set(length, count + 1);
    this.idleBytes += 4 * length;
    for (const [oldest, arrays] of this.idle) {
      const excess = this.idleBytes - this.maxIdleBytes;
      if (excess <= 0) break;
      const dropped = Math.min(arrays, Math.ceil(excess / (4 * oldest)));
      this.idleBytes -= 4 * oldest * dropped;
      if (dropped < arrays) this.idle.set(oldest, arrays - dropped);
      else this.idle.delete(oldest);
    }
  }
}
