import { pluralize } from '../src/foundation/pluralize.js';
import type { SkippedClip } from '../src/commands/for-each-clip.js';
import { toOneLine } from '../src/foundation/control-characters.js';

/** Clips that a command has not processed, as `forEachClip` returns them. */
type NotProcessed = { skipped: readonly SkippedClip[]; unprocessed: number };

/**
 * Returns lines about clips that were skipped, and clips that were not processed because of an interruption.
 * @param done what the command does with a clip, such as `scored`
 */
export function skippedLines({ skipped, unprocessed }: NotProcessed, done: string): (string | false)[] {
  return [formatSkipped(skipped), unprocessed > 0 && `interrupted: ${pluralize(unprocessed, 'clip')} not ${done}`];
}

/** Returns true if a clip was skipped whose own path the user gave. */
export function hasFailed({ skipped }: NotProcessed): boolean {
  return skipped.some(({ isExplicit }) => isExplicit);
}

/** Returns a line with the number and names of skipped clips. Returns false if there are none. */
export function formatSkipped(skipped: readonly SkippedClip[]): string | false {
  return (
    skipped.length > 0 &&
    `skipped: ${pluralize(skipped.length, 'clip')} (${skipped.map(({ name }) => toOneLine(name)).join(', ')})`
  );
}
