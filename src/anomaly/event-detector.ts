import type { Box } from '../foundation/frame.js';

/** A stretch of frames that stands out from those around it. */
export interface AnomalyEvent {
  /** Its first frame. */
  from: number;
  /** Its last. */
  to: number;
  /** Of the frame that stands out most. */
  score: number;
  /** That frame. */
  peak: number;
  /** Where it stands out most, in pixels. */
  box: Box;
}

/** A frame's score, and where it stands out most. */
interface Scored {
  frame: number;
  score: number;
  box: Box;
}

/** As `EventDetector.toJSON` gives it. */
export interface EventDetectorState {
  kept: readonly AnomalyEvent[];
  recent: readonly Scored[];
}

/** Moments that are kept: the largest. */
const MOST_KEPT = 50;
/** A moment lasts while scores are so large a share of its highest. */
const SHARE_OF_PEAK = 0.75;

/** The moments of a source, as it goes by: frames that stand out more than all within a second of them, with what belongs to each. */
export class EventDetector {
  private kept: AnomalyEvent[] = [];
  /** The last two seconds. */
  private recent: Scored[] = [];
  private readonly second: number;

  /** @param state of a source that goes on */
  constructor(frameRate: number, state?: EventDetectorState) {
    this.second = Math.max(1, Math.round(frameRate));
    if (state !== undefined) [this.kept, this.recent] = [[...state.kept], [...state.recent]];
  }

  toJSON(): EventDetectorState {
    return { kept: this.kept, recent: [...this.recent] };
  }

  add(frame: number, score: number, box: Box): void {
    this.recent.push({ frame, score, box });
    if (this.recent.length <= this.second) return;
    this.detectAt(this.recent.length - 1 - this.second);
    if (this.recent.length > 2 * this.second) this.recent = this.recent.slice(1);
  }

  /** The source has ended: its last second is looked at too. */
  end(): void {
    const first = Math.max(0, this.recent.length - this.second);
    for (let at = first; at < this.recent.length; at++) this.detectAt(at);
  }

  /** Those so far, the largest first. */
  get largest(): readonly AnomalyEvent[] {
    return this.kept;
  }

  /** Keeps the moment of a frame that stands out more than those within a second. */
  private detectAt(at: number): void {
    const { recent, second } = this;
    const { frame, score, box } = recent[at];
    const around = recent.slice(Math.max(0, at - second), at + second + 1);
    // Of equal ones the first.
    if (score <= 0 || around.some((other) => other.score > score || (other.score === score && other.frame < frame)))
      return;
    const belongs = ({ score: other }: Scored) => other >= SHARE_OF_PEAK * score;
    let [first, last] = [at, at];
    while (first > 0 && belongs(recent[first - 1])) first--;
    while (last + 1 < recent.length && belongs(recent[last + 1])) last++;
    const moment = { from: recent[first].frame, to: recent[last].frame, score, peak: frame, box };
    this.kept = [...this.kept, moment].sort((a, b) => b.score - a.score || a.from - b.from).slice(0, MOST_KEPT);
  }
}
