import { drawChart } from '../src/document/chart.js';
import { selectShownEvents } from './events.js';
import { AHEAD, type Session } from './session.js';

const HEIGHT = 170;
/** Minimum anomaly score at the top of the graph. */
const MIN_TOP = 2;

/**
 * Returns the graph of a session's anomaly scores over frames as SVG, with numbered events, spans of known and
 * predicted frames, and a vertical line at the frame with index `shown`.
 */
export function drawTimeline(session: Session, shown: number, width: number): string {
  const { frames, known, isLive } = session;
  const { scores } = session.anomalies;
  // People count frames from 1.
  const last = Math.max(2, frames.length);
  const first = (known ?? 0) + 1;
  const end = Math.min(last, first + AHEAD);
  const isPredicting = !isLive && known !== null;
  return drawChart(
    {
      title: 'surprise of each frame',
      x: { label: 'frame', unit: 'whole', from: 1, to: last },
      y: { label: 'surprise', from: 0, to: 1.35 * Math.max(MIN_TOP, ...scores) },
      lines: [{ name: 'surprise', points: scores.map((score, at) => [at + 2, Math.max(0, score)] as const) }],
      marks: selectShownEvents(session).map(({ peak }, at) => ({
        x: peak + 1,
        label: `${at + 1}`,
        name: `event ${at + 1}`,
      })),
      spans: isPredicting
        ? [
            { from: 1, to: first, name: 'known', paint: 'muted' },
            { from: first, to: end, name: 'predicted', paint: 'orangeLine' },
            { from: end, to: last, name: 'not predicted yet', paint: 'card' },
          ]
        : [],
      cursor: shown + 1,
    },
    { width, height: HEIGHT },
    { colours: 'none' },
  );
}
