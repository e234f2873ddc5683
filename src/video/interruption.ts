import { setTimeout } from 'node:timers/promises';
import { PxvError } from '../foundation/errors.js';

function interruption(operation: string, argument: string, cause: unknown): PxvError {
  return new PxvError(
    {
      code: 'INTERRUPTED',
      operation,
      argument,
      expected: 'to come to the end',
      received: 'an interruption',
      remedy: 'run the command again',
    },
    { cause },
  );
}

/** An interruption from the keyboard goes to this process and to FFmpeg at once: so many ms later both know. */
const SAME_TIME = 500;

/**
 * What it is when FFmpeg was ended by a signal: an interruption where `signal` is aborted as well; else somebody else did
 * it, as the system does when memory runs out.
 */
export async function endBySignal(operation: string, argument: string, signal?: AbortSignal): Promise<PxvError> {
  if (signal) await setTimeout(SAME_TIME, null, { signal }).catch(() => {});
  if (signal?.aborted) return interruption(operation, argument, signal.reason);
  return new PxvError({
    code: 'DEPENDENCY',
    operation,
    argument,
    expected: 'FFmpeg to come to its end',
    received: 'a signal that ended it, from outside',
    remedy: 'see whether memory ran out, then run the command again',
  });
}

/** @throws {PxvError} INTERRUPTED once `signal` is aborted. */
export function throwIfInterrupted(signal: AbortSignal | undefined, operation: string, argument: string): void {
  if (signal?.aborted) throw interruption(operation, argument, signal.reason);
}
