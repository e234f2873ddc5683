/**
 * Filter from z-scores to anomaly scores: the average of a frame's z-score and the mean z-score of the second around
 * the frame.
 */
export class ScoreSmoother {
  private readonly half: number;
  /** Z-scores of the frames without a score yet, and of the half second before these frames. */
  private recent: number[];
  /** Number of frames in `recent` that have a score. */
  private done: number;

  /** @param frameRate frames per second @param before z-scores of the last half second of a resumed source */
  constructor(frameRate: number, before: readonly number[] = []) {
    this.half = Math.max(1, Math.round(frameRate / 2));
    this.recent = [...before];
    this.done = before.length;
  }

  /**
   * Adds the z-score of the next frame. Returns the anomaly score of the frame half a second earlier, if there is one.
   */
  add(deviation: number): number[] {
    this.recent.push(deviation);
    return this.recent.length > this.done + this.half ? [this.next()] : [];
  }

  /** Ends the source: returns the anomaly scores of the last half second of frames. */
  end(): number[] {
    return Array.from({ length: this.recent.length - this.done }, () => this.next());
  }

  /** Z-scores of the half second that ends with the last frame that has a score. */
  get before(): number[] {
    return this.recent.slice(0, this.done);
  }

  private next(): number {
    const around = this.recent.slice(Math.max(0, this.done - this.half), this.done + this.half + 1);
    const score = (this.recent[this.done] + around.reduce((sum, value) => sum + value, 0) / around.length) / 2;
    this.done++;
    const old = this.done - this.half;
    if (old > 0) {
      this.recent = this.recent.slice(old);
      this.done -= old;
    }
    return score;
  }
}
