/**
 * Budget that limits optional work, such as samples during a training, to a fraction of the time. Work runs only if its
 * expected duration fits the rest of the budget. The expected duration is that of the last run. Work that exceeds the
 * rest is aborted, and the expected duration is then twice its duration up to the abort.
 */
export class TimeBudget {
  private readonly began = performance.now();
  private spent = 0;
  private expected: number | null = null;

  /** @param share maximum fraction of the time from now on, 0 to 1 */
  constructor(private readonly share: number) {}

  /**
   * Runs `work` if its expected duration fits the budget. Resolves if `work` is not run, or is aborted. Rejects with
   * other errors of `work`.
   * @param first expected duration of the first run, in milliseconds
   * @param work function that rejects with its signal's reason after an abort
   * @param signal signal that aborts `work` as well
   */
  async spend(first: number, work: (signal: AbortSignal) => Promise<void>, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
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
