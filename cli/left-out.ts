import { numberOf } from '../src/foundation/number-of.js';
import type { LeftOutClip } from '../src/tasks/left-out-clips.js';

/** How many clips were left out and which; their reasons were told as warnings. No line where there are none. */
export function leftOutLines(leftOut: readonly LeftOutClip[]): string[] {
  if (leftOut.length === 0) return [];
  return [`left out: ${numberOf(leftOut.length, 'clip')} (${leftOut.map(({ name }) => name).join(', ')})`];
}
