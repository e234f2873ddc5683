import type { Box } from '../foundation/frame.js';

/** Stretch of frames with a high anomaly score. Frame indices are 0-based in the source. */
export interface AnomalyEvent {
  /** Index of the first frame. */
  from: number;
  /** Index of the last frame. */
  to: number;
  /** Anomaly score of the peak frame: the highest of the event. */
  score: number;
  /** Index of the peak frame. */
  peak: number;
  /** Region of the peak frame with the highest z-score, in pixels. */
  box: Box;
}

/** Anomaly score of a frame, and the frame's region with the highest z-score. */
interface Scored {
  frame: number;
  score: number;
  box: Box;
}

/** State of an `EventDetector` as JSON holds it. */
export interface EventDetectorState {
  /** Events so far, highest score first. */
  kept: readonly AnomalyEvent[];
  /** Scores of the last two seconds of frames. */
  recent: readonly Scored[];
}

/** Maximum number of events kept: those with the highest scores. */
const MOST_KEPT = 50;
/** Minimum score of an event's frames, as a fraction of the peak score. */
const SHARE_OF_PEAK = 0.75;

/**
 * Detector of events in a stream of anomaly scores. A peak is the highest score within a second before and after. An
 * event extends from its peak while scores are at least 0.75 of the peak score.
 */
export class EventDetector {
  private kept: AnomalyEvent[] = [];
  /** Scores of the last two seconds. */
  private recent: Scored[] = [];
  private readonly second: number;

  /** @param frameRate frames per second @param state state to resume from, as `toJSON` returns it */
  constructor(frameRate: number, state?: EventDetectorState) {
    this.second = Math.max(1, Math.round(frameRate));
    if (state !== undefined) [this.kept, this.recent] = [[...state.kept], [...state.recent]];
  }

  /** Returns the state for the constructor, as JSON holds it. */
  toJSON(): EventDetectorState {
    return { kept: this.kept, recent: [...this.recent] };
  }

  /** Adds the score of the next frame, then detects a peak one second earlier. */
  add(frame: number, score: number, box: Box): void {
    this.recent.push({ frame, score, box });
    if (this.recent.length <= this.second) return;
    this.detectAt(this.recent.length - 1 - this.second);
    if (this.recent.length > 2 * this.second) this.recent = this.recent.slice(1);
  }

  /** Ends the source: detects the peaks of the last second. */
  end(): void {
    const first = Math.max(0, this.recent.length - this.second);
    for (let at = first; at < this.recent.length; at++) this.detectAt(at);
  }

  /** Events so far, highest score first; at most 50. */
  get largest(): readonly AnomalyEvent[] {
    return this.kept;
  }

  /** Keeps the event of the frame `recent[at]` if its score is the highest within a second. */
  private detectAt(at: number): void {
    const { recent, second } = this;
    const { frame, score, box } = recent[at];
    const around = recent.slice(Math.max(0, at - second), at + second + 1);
    // Of equal scores the first is the peak.
    if (score <= 0 || around.some((other) => other.score > score || (other.score === score && other.frame < frame)))
      return;
    const belongs = ({ score: other }: Scored) => other >= SHARE_OF_PEAK * score;
    let first = at;
    let last = at;
    while (first > 0 && belongs(recent[first - 1])) first--;
    while (last + 1 < recent.length && belongs(recent[last + 1])) last++;
    const moment = { from: recent[first].frame, to: recent[last].frame, score, peak: frame, box };
    this.kept = [...this.kept, moment].sort((a, b) => b.score - a.score || a.from - b.from).slice(0, MOST_KEPT);
  }
}
