import { PxvError } from '../foundation/errors.js';

/** Why work goes on without a clip, in one line. @throws the error itself where it does not speak of the clip */
export function reasonToGoOn(error: unknown): string {
  if (error instanceof PxvError && error.code === 'INPUT') return error.message;
  throw error;
}

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

/** The error where every clip is left out. */
export function noUsableClip(operation: string, paths: readonly string[]): PxvError {
  return new PxvError({
    code: 'INPUT',
    operation,
    argument: paths.join(', '),
    expected: 'at least one clip that can be read and has two frames or more',
    received: 'none',
    remedy: 'give other clips; a still image is none, but a folder of numbered images is one',
  });
}
