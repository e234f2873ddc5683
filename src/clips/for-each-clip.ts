import { errorFactory, PxvError } from '../foundation/errors.js';
import { singleProcess, assignedIndices } from '../distributed/process-group.js';
import type { ClipSource } from '../video/index.js';

/** A clip that nothing could be done with, while work went on with the others. */
export interface SkippedClip {
  name: string;
  /** Whether it was named itself; else it was found in a folder. */
  isExplicit: boolean;
  /** One line. */
  reason: string;
}

/** Why a clip of one frame is left out. */
export const TOO_SHORT_REASON = 'one frame has nothing before it to predict it from';

/**
 * Does something with one clip after another. A clip that cannot be read is left out, with a warning, and so is one of which null comes:
 * it is too short. Once the signal is aborted, what is done is kept, but where several ranks share the clips: these end.
 * @param onNext told after each clip how many are done with
 * @throws what `work` throws where it does not speak of the clip, or of the only one, or where it is interrupted and nothing is done
 */
export async function forEachClip<T>(
  sources: readonly ClipSource[],
  work: (source: ClipSource, index: number) => Promise<T | null>,
  hooks: { onWarning: ((text: string) => void) | undefined; onNext: (name: string, done: number) => void },
  signal: AbortSignal | undefined,
  processGroup = singleProcess,
): Promise<{ clips: T[]; skipped: SkippedClip[]; unprocessed: number }> {
  const own: { place: number; outcome: Outcome<T> }[] = [];
  const leaveOut = (place: number, reason: string) => {
    const { name, isExplicit } = sources[place];
    own.push({ place, outcome: { skipped: { name, isExplicit, reason } } });
    hooks.onWarning?.(warningOf({ name, reason }));
  };
  const isToEnd = () => signal?.aborted && processGroup.size === 1 && own.some(({ outcome }) => 'clip' in outcome);
  for (const place of assignedIndices(processGroup, sources.length)) {
    const source = sources[place];
    try {
      const clip = await work(source, place);
      if (clip === null) leaveOut(place, TOO_SHORT_REASON);
      else own.push({ place, outcome: { clip } });
    } catch (error) {
      if (isToEnd()) break;
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

/** What has become of a clip. */
type Outcome<T> = { clip: T } | { skipped: SkippedClip };

function warningOf({ name, reason }: Pick<SkippedClip, 'name' | 'reason'>): string {
  return `${name}: left out: ${reason}`;
}

/** The error where every clip is left out. */
export function noUsableClipError(operation: string, paths: readonly string[]): PxvError {
  const expected = 'at least one clip that can be read and has two frames or more';
  const remedy = 'give other clips; a still image is none, but a folder of numbered images is one';
  return errorFactory('INPUT', operation)(paths.join(', '), expected, 'none', remedy);
}
