import { drawChart } from '../src/document/chart.js';
import { selectShownEvents } from './events.js';
import { AHEAD, type Session } from './session.js';

const HEIGHT = 170;
/** Minimum anomaly score at the top of the graph. */
const MIN_TOP = 2;

/**
 * Returns the graph of a session's anomaly scores over frames as SVG, with numbered events, spans of known and predicted
 * frames, and a vertical line at the frame with index `shown`.
 */
export function drawTimeline(session: Session, shown: number, width: number): string {
  const { frames, known, isLive } = session;
  const { scores } = session.anomalies;
  const last = Math.max(1, frames.length - 1);
  const end = Math.min(last, (known ?? 0) + AHEAD);
  const isPredicting = !isLive && known !== null;
  return drawChart(
    {
      title: 'surprise of each frame',
      x: { label: 'frame', unit: 'whole', from: 0, to: last },
      y: { label: 'surprise', from: 0, to: 1.35 * Math.max(MIN_TOP, ...scores) },
      lines: [{ name: 'surprise', points: scores.map((score, at) => [at + 1, Math.max(0, score)] as const) }],
      marks: selectShownEvents(session).map(({ peak }, at) => ({
        x: peak,
        label: `${at + 1}`,
        name: `event ${at + 1}`,
      })),
      spans: isPredicting
        ? [
            { from: 0, to: known, name: 'known', paint: 'muted' },
            { from: known, to: end, name: 'predicted', paint: 'orangeLine' },
            { from: end, to: last, name: 'not predicted yet', paint: 'card' },
          ]
        : [],
      cursor: shown,
    },
    { width, height: HEIGHT },
    { colours: 'none' },
  );
}
