import { numberOf } from '../src/foundation/number-of.js';
import type { LeftOutClip } from '../src/clips/left-out-clips.js';
import { oneLine } from '../src/foundation/printable.js';

/** How many clips were left out and which; their reasons were told as warnings. No line where there are none. */
export function leftOutLine(leftOut: readonly LeftOutClip[]): string | false {
  return (
    leftOut.length > 0 &&
    `left out: ${numberOf(leftOut.length, 'clip')} (${leftOut.map(({ name }) => oneLine(name)).join(', ')})`
  );
}
