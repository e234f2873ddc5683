/** A frame's score: the mean of its own deviation, and that of the second around it. */
export class ScoreSmoother {
  private readonly half: number;
  /** Of the frames that are waited for, and the half second before them. */
  private recent: number[];
  /** Of those, how many have their score. */
  private done: number;

  /** @param before the deviations of the last half second of a source that goes on */
  constructor(frameRate: number, before: readonly number[] = []) {
    this.half = Math.max(1, Math.round(frameRate / 2));
    this.recent = [...before];
    this.done = before.length;
  }

  /** @returns the scores that are known now: of one frame, half a second before, or of none */
  add(deviation: number): number[] {
    this.recent.push(deviation);
    return this.recent.length > this.done + this.half ? [this.next()] : [];
  }

  /** @returns the scores of the last frames */
  end(): number[] {
    return Array.from({ length: this.recent.length - this.done }, () => this.next());
  }

  /** The deviations of the half second that ends with the frame whose score was given last. */
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
