import type { AnomalyEvent } from '../../anomaly/event-detector.js';
import type { TimelineRow } from './search-checkpoint.js';

/** Header line of a timeline CSV. */
export const TIMELINE_COLUMNS = 'frame,seconds,bits_per_dim,score,x,y,width,height';

/** Formats a row of a timeline CSV with the columns of `TIMELINE_COLUMNS`. @param rate frames per second */
export function formatTimelineRow(
  { frame, bits, score, box: { x, y, width, height } }: TimelineRow,
  rate: number,
): string {
  return [frame, (frame / rate).toFixed(3), bits.toFixed(4), score.toFixed(3), x, y, width, height].join(',');
}

/** Header line of a CSV of events. */
export const EVENT_COLUMNS = 'from,to,peak,score,x,y,width,height';

/** Formats a row of a CSV of events with the columns of `EVENT_COLUMNS`. */
export function formatEventRow({ from, to, peak, score, box: { x, y, width, height } }: AnomalyEvent): string {
  return [from, to, peak, score.toFixed(3), x, y, width, height].join(',');
}
