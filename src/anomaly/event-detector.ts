import type { Box } from '../foundation/frame.js';

/**
 * Stretch of frames whose anomaly scores are 1 or more, or the threshold or more if that is lower. The highest score,
 * the peak, is at least the threshold (default 1.5). Gaps up to half a second belong to the stretch. Stretches over 20
 * seconds are split, and a part is an event only with a peak of its own. Frame indices are 0-based in the source.
 */
export interface AnomalyEvent {
  /** Index of the first frame. */
  from: number;
  /** Index of the last frame. */
  to: number;
  /** Anomaly score of the peak frame: the highest of the event. */
  score: number;
  /** Index of the peak frame. */
  peak: number;
  /** Region of the peak frame, in pixels, as `AnomalyScore.box` gives it. */
  box: Box;
}

/** State of an `EventDetector` as JSON holds it. */
export interface EventDetectorState {
  /** Events that have ended, highest score first. */
  ended: readonly AnomalyEvent[];
  /** Stretch of frames that may go on, and whose peak may be below the threshold; null: none. */
  last: AnomalyEvent | null;
}

/**
 * Default minimum score of an event's peak. If nothing happens, about one frame in half a minute has this score or
 * more.
 */
export const DEFAULT_THRESHOLD = 1.5;
/** Minimum score of the first and of the last frame of an event: where nothing happens, a frame in 9 seconds has it. */
const ABOVE_BASELINE = 1;
/** Maximum seconds between frames above the baseline that belong to one event. */
const GAP = 0.5;
/** Maximum seconds from the first frame of an event to the last: longer stretches become several events. */
const LONGEST = 20;

/**
 * Detector of events in a stream of anomaly scores. An event is a stretch of frames with scores of 1 or more (or the
 * threshold, if lower) whose peak score is at least the threshold. Gaps up to half a second belong to the stretch.
 * Stretches over 20 seconds are split.
 */
export class EventDetector {
  private ended: readonly AnomalyEvent[] = [];
  private last: AnomalyEvent | null = null;

  /**
   * @param frameRate frames per second
   * @param threshold minimum score of a peak
   * @param state state to resume from, as `toJSON` returns it
   */
  constructor(
    private readonly frameRate: number,
    private readonly threshold = DEFAULT_THRESHOLD,
    state?: EventDetectorState,
  ) {
    if (state !== undefined) ({ ended: this.ended, last: this.last } = state);
  }

  /** Returns the state for the constructor, as JSON holds it. */
  toJSON(): EventDetectorState {
    return { ended: this.ended, last: this.last };
  }

  /**
   * Adds the score of the next frame. Returns the event that the frame ends; null if the frame ends none.
   * @param frame index of the frame in the source
   * @param box region to report if the frame is the peak of an event
   */
  add(frame: number, score: number, box: Box): AnomalyEvent | null {
    const { last, frameRate } = this;
    const isOver = last !== null && (frame - last.to > GAP * frameRate || frame - last.from > LONGEST * frameRate);
    const ended = isOver ? this.end() : null;
    if (score < Math.min(ABOVE_BASELINE, this.threshold)) return ended;
    const isHighest = this.last === null || score > this.last.score;
    const peak = isHighest ? { score, peak: frame, box } : this.last!;
    this.last = { ...peak, from: this.last?.from ?? frame, to: frame };
    return ended;
  }

  /** Ends the source. Returns the event that was going on; null if there was none. */
  end(): AnomalyEvent | null {
    const { last, events } = this;
    const isEvent = last !== null && last.score >= this.threshold;
    [this.ended, this.last] = [events, null];
    return isEvent ? last : null;
  }

  /** Events so far, highest score first. The latest may go on. */
  get events(): readonly AnomalyEvent[] {
    const { last, ended } = this;
    if (last === null || last.score < this.threshold) return ended;
    return [...ended, last].sort((a, b) => b.score - a.score || a.from - b.from);
  }
}
