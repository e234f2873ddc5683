import { pluralize } from '../src/foundation/pluralize.js';
import type { SkippedClip } from '../src/clips/for-each-clip.js';
import { toOneLine } from '../src/foundation/control-characters.js';

/** Returns a line with the number and names of skipped clips. Returns false if there are none. */
export function formatSkipped(skipped: readonly SkippedClip[]): string | false {
  return (
    skipped.length > 0 &&
    `skipped: ${pluralize(skipped.length, 'clip')} (${skipped.map(({ name }) => toOneLine(name)).join(', ')})`
  );
}
