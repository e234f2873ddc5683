import { errorsOf, PxvError } from '../foundation/errors.js';
import type { ClipSource } from '../video/index.js';

/** A clip that nothing could be done with, while work went on with the others. */
export interface LeftOutClip {
  name: string;
  /** Whether it was named itself; else it was found in a folder. */
  named: boolean;
  /** One line. */
  reason: string;
}

/** Why a clip of one frame is left out. */
export const TOO_SHORT = 'one frame has nothing before it to predict it from';

/**
 * Does something with one clip after another. A clip that cannot be read is left out, with a warning, and so is one of which null comes:
 * it is too short. Once the signal is aborted, what is done is kept.
 * @param onNext told after each clip how many are done with
 * @throws what `work` throws where it does not speak of the clip, or of the only one, or where it is interrupted and nothing is done
 */
export async function eachClip<T>(
  sources: readonly ClipSource[],
  work: (source: ClipSource, index: number) => Promise<T | null>,
  hooks: { onWarning: ((text: string) => void) | undefined; onNext: (name: string, done: number) => void },
  signal: AbortSignal | undefined,
): Promise<{ clips: T[]; leftOut: LeftOutClip[]; notReached: number }> {
  const clips: T[] = [];
  const leftOut: LeftOutClip[] = [];
  const leaveOut = ({ name, named }: ClipSource, reason: string) => {
    leftOut.push({ name, named, reason });
    hooks.onWarning?.(`${name}: left out: ${reason}`);
  };
  for (const [index, source] of sources.entries()) {
    try {
      const made = await work(source, index);
      if (made === null) leaveOut(source, TOO_SHORT);
      else clips.push(made);
    } catch (error) {
      if (signal?.aborted && clips.length > 0) break;
      const isOfClip = error instanceof PxvError && ['INPUT', 'RESOURCES'].includes(error.code);
      if (!isOfClip || (source.named && sources.length === 1)) throw error;
      leaveOut(source, error.message);
    }
    if (signal?.aborted && clips.length > 0) break;
    hooks.onNext(source.name, index + 1);
  }
  return { clips, leftOut, notReached: sources.length - clips.length - leftOut.length };
}

/** The error where every clip is left out. */
export function noUsableClip(operation: string, paths: readonly string[]): PxvError {
  const expected = 'at least one clip that can be read and has two frames or more';
  const remedy = 'give other clips; a still image is none, but a folder of numbered images is one';
  return errorsOf('INPUT', operation)(paths.join(', '), expected, 'none', remedy);
}
