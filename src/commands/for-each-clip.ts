import { errorFactory, PxvError } from '../foundation/errors.js';
import { singleProcess, assignedIndices } from '../distributed/process-group.js';
import type { ClipSource } from '../video/index.js';

/** Clip that was skipped while the work went on with the other clips. */
export interface SkippedClip {
  /** Name of the clip. */
  name: string;
  /** True if the user gave the clip's own path; false if the clip was found in a folder. */
  isExplicit: boolean;
  /** Reason, in one line. */
  reason: string;
}

/** Reason, in words for the user, for skipping a clip of one frame. */
export const TOO_SHORT_REASON = 'one frame has nothing before it to predict it from';

/**
 * Runs `work` on each clip, one after another. The ranks of a process group share the clips, and each returns the
 * results of all. Skips a clip with a warning if `work` throws `INPUT` or `RESOURCES`, or returns null because the clip
 * is too short.
 *
 * With `keepFinished`, an abort returns the finished clips of a single process, if there are any.
 * @param work returns the result for a clip, or null for a clip that is too short
 * @param hooks `onNext` is called after each clip with its name and its position among the sources, from 1
 * @returns results in the order of `sources`, skipped clips, and the number of clips not processed
 * @throws PxvError the signal's reason if aborted; `INPUT` and `RESOURCES` of `work` if the only source is a clip's own
 *   path; other errors of `work`
 */
export async function forEachClip<T>(
  sources: readonly ClipSource[],
  work: (source: ClipSource, index: number) => Promise<T | null>,
  hooks: { onWarning: ((text: string) => void) | undefined; onNext: (name: string, done: number) => void },
  { signal, keepFinished = false }: { signal?: AbortSignal | undefined; keepFinished?: boolean | undefined },
  processGroup = singleProcess,
): Promise<{ clips: T[]; skipped: SkippedClip[]; unprocessed: number }> {
  const own: { place: number; outcome: Outcome<T> }[] = [];
  const leaveOut = (place: number, reason: string) => {
    const { name, isExplicit } = sources[place];
    own.push({ place, outcome: { skipped: { name, isExplicit, reason } } });
    hooks.onWarning?.(warningOf({ name, reason }));
  };
  const keeps = keepFinished && processGroup.size === 1;
  const isToEnd = () => keeps && signal?.aborted && own.some(({ outcome }) => 'clip' in outcome);
  for (const place of assignedIndices(processGroup, sources.length)) {
    const source = sources[place];
    try {
      const clip = await work(source, place);
      if (clip === null) leaveOut(place, TOO_SHORT_REASON);
      else own.push({ place, outcome: { clip } });
    } catch (error) {
      if (isToEnd()) break;
      signal?.throwIfAborted();
      const isOfClip = error instanceof PxvError && ['INPUT', 'RESOURCES'].includes(error.code);
      if (!isOfClip || (source.isExplicit && sources.length === 1)) throw error;
      leaveOut(place, error.message);
    }
    if (isToEnd()) break;
    hooks.onNext(source.name, place + 1);
  }
  const [first, ...others] = await processGroup.allGather(own);
  const ofOthers = others.flat();
  for (const { outcome } of ofOthers) if ('skipped' in outcome) hooks.onWarning?.(warningOf(outcome.skipped));
  const all = [...first, ...ofOthers].sort((a, b) => a.place - b.place).map(({ outcome }) => outcome);
  const clips = all.flatMap((outcome) => ('clip' in outcome ? [outcome.clip] : []));
  const skipped = all.flatMap((outcome) => ('skipped' in outcome ? [outcome.skipped] : []));
  return { clips, skipped, unprocessed: sources.length - all.length };
}

/** Result of a clip, or its reason for being skipped. */
type Outcome<T> = { clip: T } | { skipped: SkippedClip };

function warningOf({ name, reason }: Pick<SkippedClip, 'name' | 'reason'>): string {
  return `${name}: skipped: ${reason}`;
}

/**
 * Returns the `INPUT` error to throw if every clip under `paths` was skipped.
 * @param operation name of the task, for the error
 */
export function noUsableClipError(operation: string, paths: readonly string[]): PxvError {
  const expected = 'at least one clip that can be read and has two frames or more';
  const remedy = 'give other clips; a folder of numbered images is a clip, a still image is not';
  return errorFactory('INPUT', operation)(paths.join(', '), expected, 'none', remedy);
}
