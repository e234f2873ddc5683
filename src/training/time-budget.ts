/**
 * The rule by which what only shows a training takes at most a share of its time. It is done where what it is expected to take is left of the
 * share: as long as the last time, and the first time as long as is said. What takes more than is left is stopped, and expected to take twice
 * as long. So where it costs too much, it comes later or not at all.
 */
export class TimeBudget {
  private readonly began = performance.now();
  private spent = 0;
  private expected: number | null = null;

  /** @param share of the time since now, 0 to 1 */
  constructor(private readonly share: number) {}

  /**
   * Does something, where there is time for it.
   * @param first milliseconds that it is expected to take the first time
   * @param work throws the reason of the signal that it is given, once that is aborted
   * @param signal stops it too
   */
  async spend(first: number, work: (signal: AbortSignal) => Promise<void>, signal?: AbortSignal): Promise<void> {
    const from = performance.now();
    const left = this.share * (from - this.began) - this.spent;
    if ((this.expected ?? first) > left) return;
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, left);
    signal?.addEventListener('abort', stop);
    try {
      await work(limit.signal);
    } catch (error) {
      if (!limit.signal.aborted || error !== limit.signal.reason) throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      const took = performance.now() - from;
      this.spent += took;
      this.expected = limit.signal.aborted ? 2 * took : took;
    }
  }
}
