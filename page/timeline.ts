import { selectShownEvents } from './events.js';
import { AHEAD, type Session } from './session.js';
import { element } from './svg.js';

const HEIGHT = 92;
/** Height of the band that names known and predicted frames. */
const BAND = 20;
/** Half the width of a slider's thumb: distance of the track from the slider's edge. */
const MARGIN = 8;
const MARK = 9;
/** Minimum anomaly score at the top of the graph. */
const MIN_TOP = 2;

/** Graph of anomaly scores over frames, with bands of known and predicted frames above, and numbered events. */
export class Timeline {
  constructor(private readonly root: HTMLElement) {}

  /** Draws the graph of a session, with a vertical line at the frame with index `shown`. */
  draw(session: Session, shown: number): void {
    const width = this.root.clientWidth;
    const { frames, known, isLive } = session;
    const { scores } = session.anomalies;
    const last = Math.max(1, frames.length - 1);
    const x = (index: number) => MARGIN + (index / last) * (width - 2 * MARGIN);
    const top = Math.max(MIN_TOP, ...scores) * 1.35;
    const y = (score: number) => HEIGHT - (Math.max(0, score) / top) * (HEIGHT - BAND - 4);
    const svg = element('svg', { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
    svg.append(pattern());
    const band = (from: number, to: number, name: string, words: string) => {
      const left = x(from);
      const right = x(to);
      svg.append(element('rect', { class: name, x: left, y: 0, width: Math.max(0, right - left), height: BAND - 4 }));
      if (right - left > 8 * words.length)
        svg.append(element('text', { class: `word ${name}`, x: (left + right) / 2, y: BAND - 8 }, words));
    };
    if (!isLive && known !== null) {
      const end = Math.min(last, known + AHEAD);
      band(0, known, 'known', 'known');
      band(known, end, 'predicted', 'predicted');
      band(end, last, 'later', 'not predicted yet');
      svg.append(element('line', { class: 'now', x1: x(known), x2: x(known), y1: 0, y2: HEIGHT }));
    }
    if (scores.length > 0) {
      const points = scores.map((score, at) => `${x(at + 1).toFixed(1)},${y(score).toFixed(1)}`);
      const first = x(1);
      const end = x(scores.length);
      svg.append(
        element('polygon', { class: 'area', points: `${first},${HEIGHT} ${points.join(' ')} ${end},${HEIGHT}` }),
      );
      svg.append(element('polyline', { class: 'curve', points: points.join(' ') }));
    }
    svg.append(element('text', { class: 'axis', x: MARGIN + 4, y: HEIGHT - 6 }, '\u2191 surprise'));
    svg.append(element('line', { class: 'shown', x1: x(shown), x2: x(shown), y1: BAND, y2: HEIGHT }));
    for (const [rank, { peak, score }] of selectShownEvents(session).entries()) {
      const cx = x(peak);
      const cy = Math.max(BAND + MARK, y(score) - MARK - 3);
      svg.append(element('circle', { class: 'event', cx, cy, r: MARK }));
      svg.append(element('text', { class: 'rank', x: cx, y: cy + 4 }, String(rank + 1)));
    }
    this.root.replaceChildren(svg);
  }
}

/** Returns a pattern of slanted lines, which marks predicted frames without relying on colour. */
function pattern(): SVGElement {
  const lines = element('pattern', {
    id: 'slanted',
    width: 6,
    height: 6,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  });
  lines.append(element('line', { class: 'slant', x1: 0, x2: 0, y1: 0, y2: 6 }));
  return lines;
}
