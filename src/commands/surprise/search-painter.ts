import { formatClock } from '../../foundation/format-clock.js';
import type { Frame } from '../../foundation/frame.js';
import { DEFAULT_THRESHOLD, EventDetector, type AnomalyEvent } from '../../anomaly/event-detector.js';
import type { AnomalyScore } from '../../anomaly/score-anomalies.js';
import { drawHeatMap, drawSurpriseFrame, chooseSurpriseScale } from '../../video/index.js';
import type { SearchState, TimelineRow } from './search-checkpoint.js';
import { drawTimeline } from './timeline-picture.js';

/** Maximum number of events whose frames are shown beside the timeline. */
const SHOWN = 6;
/** White level of a heat map, as a multiple of the mean bits per pixel. */
const WHITE = 4;

/**
 * Painter of a search for anomalies: draws the frames of the output video, and the timeline image with the six largest
 * events.
 */
export class SearchPainter {
  /** Mean bits per pixel so far. */
  meanMap: number;
  /** Events so far, highest score first. */
  events: readonly AnomalyEvent[];
  private frames: number;
  /** Frames of the largest events, by index. */
  private readonly pictures = new Map<number, Frame>();

  /**
   * @param rate frames per second
   * @param threshold minimum score of an event's peak
   * @param saved state of the last commit: mean bits per pixel, and scoring state, whose events are kept
   * @param frames number of committed frames, over which `saved.meanMap` is the mean
   */
  constructor(
    private readonly rate: number,
    private readonly threshold = DEFAULT_THRESHOLD,
    { meanMap, surprise }: Pick<SearchState, 'meanMap' | 'surprise'>,
    frames: number,
  ) {
    this.meanMap = meanMap;
    this.frames = frames;
    this.events = new EventDetector(rate, threshold, surprise?.events).events;
  }

  /**
   * Yields the frames of `source` unchanged, and calls `onRead` with the index of each. Keeps the peak frames of the
   * six largest events that the search resumed with, for the timeline image.
   * @param source frames of the clip from its first
   * @param until index of the last committed frame; later frames are not kept; -1: none
   */
  async *remembering(source: AsyncIterable<Frame>, until: number, onRead: (index: number) => void) {
    const shown = this.shownFrames();
    let index = 0;
    for await (const frame of source) {
      if (index <= until && shown.has(index)) this.pictures.set(index, frame);
      onRead(index++);
      yield frame;
    }
  }

  /**
   * Draws a scored frame for the video: the frame beside its heat map, with time and score. Call `add` for each new
   * frame in order.
   */
  add({ index, frame, map, bits, score, box, events }: AnomalyScore): Promise<Frame> {
    this.frames++;
    this.meanMap += (map.reduce((sum, value) => sum + value, 0) / map.length - this.meanMap) / this.frames;
    this.pictures.set(index, frame);
    this.events = events;
    const shown = this.shownFrames();
    for (const kept of this.pictures.keys()) if (!shown.has(kept)) this.pictures.delete(kept);
    const time = formatClock(index / this.rate);
    const cost = `${bits.toFixed(2)} bits/dim`;
    const told = `score ${score.toFixed(1)}`;
    const picture = {
      frame,
      heatMap: drawHeatMap(map, frame, WHITE * this.meanMap),
      box: score >= this.threshold ? box : null,
      texts: [`${time}   ${cost}   ${told}`, `${time}   ${told}`, told],
    };
    return drawSurpriseFrame(picture, chooseSurpriseScale(frame));
  }

  /**
   * Draws the timeline image: plots of scores and bits/dim, and the peak frames of the six largest events.
   * @param rows timeline rows of all scored frames, at least one
   */
  timeline(rows: readonly TimelineRow[]): Promise<Frame> {
    const shown = this.events.slice(0, SHOWN).filter(({ peak }) => this.pictures.has(peak));
    const events = shown
      .sort((a, b) => a.peak - b.peak)
      .map((event) => ({ ...event, picture: this.pictures.get(event.peak)! }));
    return drawTimeline(rows, events, this.rate);
  }

  private shownFrames(): Set<number> {
    return new Set(this.events.slice(0, SHOWN).map(({ peak }) => peak));
  }
}
