import type { Box, Size } from '../src/foundation/frame.js';
import type { Moment } from '../src/surprise/moments.js';

/** Moments that are shown, at most. */
const SHOWN = 4;
/** Others are no more than what happens all the time. */
const LEAST_SHARE = 0.6;

/** The moments that are worth a look, the largest first. */
export function shownMoments(moments: readonly Moment[]): readonly Moment[] {
  return moments.slice(0, SHOWN).filter(({ score }) => score >= LEAST_SHARE * moments[0].score);
}

/** A time as it is read: `0:04.2`. */
export function clock(seconds: number): string {
  const tenths = Math.round(10 * seconds);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${Math.floor(tenths / 600)}:${rest}`;
}

/** Where a box lies in a frame: `lower left`. */
export function placeOf({ x, y, width, height }: Box, size: Size): string {
  if (width === size.width && height === size.height) return 'everywhere';
  const third = (middle: number, length: number) => Math.min(2, Math.floor((3 * middle) / length));
  const across = ['left', '', 'right'][third(x + width / 2, size.width)];
  const down = ['upper', '', 'lower'][third(y + height / 2, size.height)];
  if (across === '' && down === '') return 'in the middle';
  return across === '' ? `${down} middle` : `${down === '' ? 'middle' : down} ${across}`;
}
