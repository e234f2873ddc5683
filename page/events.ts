import { formatClock } from '../src/foundation/format-clock.js';
import type { Box, Size } from '../src/foundation/frame.js';
import type { AnomalyEvent } from '../src/anomaly/event-detector.js';
import type { Session } from './session.js';

/** Maximum number of events that are shown. */
const SHOWN = 4;

/** Minimum number of scored frames for a baseline; before, no event is shown. */
const FEW = 30;

/**
 * Returns the events to show: at most 4, the highest score first. Returns none until 30 frames, or all frames of a
 * shorter video, are scored.
 */
export function selectShownEvents({ anomalies: { events }, maps, isDone }: Session): readonly AnomalyEvent[] {
  if (!isDone && maps.length < FEW) return [];
  return events.slice(0, SHOWN);
}

/**
 * Returns the position of a box in a frame in words, such as `lower left`. Returns `everywhere` for a box of the
 * frame's size.
 */
function describePosition({ x, y, width, height }: Box, size: Size): string {
  if (width === size.width && height === size.height) return 'everywhere';
  const third = (middle: number, length: number) => Math.min(2, Math.floor((3 * middle) / length));
  const across = ['left', '', 'right'][third(x + width / 2, size.width)];
  const down = ['upper', '', 'lower'][third(y + height / 2, size.height)];
  if (across === '' && down === '') return 'in the middle';
  return across === '' ? `${down} middle` : `${down === '' ? 'middle' : down} ${across}`;
}

/** List of a video's events, as buttons. */
export class EventList {
  private readonly list = document.querySelector<HTMLElement>('#events')!;
  private readonly still = document.querySelector<HTMLElement>('#no-events')!;
  private shown = '';

  /** @param lookAt called with the event that the user selects */
  constructor(private readonly lookAt: (event: AnomalyEvent) => void) {}

  /** Shows the events of a session; `chosen` is the selected event, null if there is none. */
  show(session: Session, chosen: AnomalyEvent | null): void {
    const { frames, times, isLive, isDone } = session;
    const events = selectShownEvents(session);
    this.still.textContent = isDone ? 'none' : 'scoring\u2026';
    this.still.hidden = events.length > 0 && (isDone || isLive);
    const buttons = events.map((event): HTMLButtonElement => {
      const [from, to] = [event.from, event.to].map((index) => formatClock(times[index] - times[0]));
      const textContent = `${from}\u2013${to}, ${describePosition(event.box, frames[0])}`;
      // Events of a camera can be selected once the camera stops.
      const button = { type: 'button', textContent, disabled: isLive, onclick: () => this.lookAt(event) } as const;
      return Object.assign(document.createElement('button'), button, {
        ariaPressed: `${chosen?.peak === event.peak}`,
      });
    });
    // A button that is replaced would lose its focus.
    const shown = buttons.map(({ outerHTML }) => outerHTML).join();
    if (shown === this.shown) return;
    this.shown = shown;
    const items = buttons.map((button) => {
      const item = document.createElement('li');
      item.append(button);
      return item;
    });
    this.list.replaceChildren(...items);
  }
}
