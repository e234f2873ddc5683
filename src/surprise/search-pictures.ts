import { formatClock } from '../foundation/format-clock.js';
import type { Frame } from '../foundation/frame.js';
import type { AnomalyEvent } from '../anomaly/event-detector.js';
import type { AnomalyScore } from '../anomaly/score-anomalies.js';
import { heatMap, drawSurpriseFrame, surpriseScale, drawTimeline } from '../video/index.js';
import type { SearchState, TimelineRow } from './search-checkpoint.js';

/** Moments whose frames are shown beside the timeline. */
const SHOWN = 6;
/** Of the mean bits of a pixel so far, what is white in a heat map. */
const WHITE = 4;

/** What a search shows of the frames that it finds, one after another. */
export class SearchPictures {
  meanMap: number;
  events: readonly AnomalyEvent[];
  private frames: number;
  /** The frames of the last two seconds, and of the largest moments. */
  private readonly pictures = new Map<number, Frame>();

  /** @param saved what a search that goes on has found @param frames how many those were */
  constructor(
    private readonly rate: number,
    { meanMap, surprise }: Pick<SearchState, 'meanMap' | 'surprise'>,
    frames: number,
  ) {
    this.meanMap = meanMap;
    this.frames = frames;
    this.events = surprise?.events.kept ?? [];
  }

  /** Keeps the pictures of a source that a search passes over as it goes on: those that it had kept. */
  async *remembering(source: AsyncIterable<Frame>, until: number): AsyncGenerator<Frame, void> {
    const shown = this.shownFrames();
    let index = 0;
    for await (const frame of source) {
      if (index <= until && (shown.has(index) || index >= until - 2 * this.rate)) this.pictures.set(index, frame);
      index++;
      yield frame;
    }
  }

  /** @returns a picture of the frame for the film */
  add({ index, frame, map, bits, score, box, events }: AnomalyScore): Promise<Frame> {
    this.frames++;
    this.meanMap += (map.reduce((sum, value) => sum + value, 0) / map.length - this.meanMap) / this.frames;
    this.pictures.set(index, frame);
    this.events = events;
    const shown = this.shownFrames();
    for (const kept of this.pictures.keys())
      if (kept < index - 2 * this.rate && !shown.has(kept)) this.pictures.delete(kept);
    const [time, cost, told] = [
      formatClock(index / this.rate),
      `${bits.toFixed(2)} bits/dim`,
      `score ${score.toFixed(1)}`,
    ];
    const picture = {
      frame,
      heatMap: heatMap(map, frame, WHITE * this.meanMap),
      box: this.isLarge(score) ? box : null,
      texts: [`${time}   ${cost}   ${told}`, `${time}   ${told}`, told],
    };
    return drawSurpriseFrame(picture, surpriseScale(frame));
  }

  timeline(rows: readonly TimelineRow[]): Promise<Frame> {
    const shown = this.events.slice(0, SHOWN).filter(({ peak }) => this.pictures.has(peak));
    const first = rows[0].frame;
    return drawTimeline(
      [
        { values: rows.map(({ score }) => score), label: 'score: deviations from what is usual' },
        { values: rows.map(({ bits }) => bits), label: 'bits/dim' },
      ],
      shown
        .sort((a, b) => a.peak - b.peak)
        .map(({ peak, score, box }) => ({
          frame: peak - first,
          picture: this.pictures.get(peak)!,
          box,
          label: `${formatClock(peak / this.rate)}  score ${score.toFixed(1)}`,
        })),
      { first: first / this.rate, frame: 1 / this.rate },
    );
  }

  private shownFrames(): Set<number> {
    return new Set(this.events.slice(0, SHOWN).map(({ peak }) => peak));
  }

  /** Whether a score is among the largest moments so far. */
  private isLarge(score: number): boolean {
    const least = this.events.slice(0, SHOWN).at(-1)?.score;
    return least !== undefined && score >= least;
  }
}

/** The heading of a timeline as CSV. */
export const TIMELINE_COLUMNS = 'frame,seconds,bits_per_dim,score,x,y,width,height';

/** A row of it. @param rate frames a second */
export function formatTimelineRow(
  { frame, bits, score, box: { x, y, width, height } }: TimelineRow,
  rate: number,
): string {
  return [frame, (frame / rate).toFixed(3), bits.toFixed(4), score.toFixed(3), x, y, width, height].join(',');
}
