import { setTimeout } from 'node:timers/promises';
import { errorFactory, type PxvError } from '../foundation/errors.js';

function interruption(operation: string, argument: string, cause: unknown): PxvError {
  const interrupted = errorFactory('INTERRUPTED', operation);
  return interrupted(argument, 'to come to the end', 'an interruption', 'run the command again', { cause });
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
  const [expected, received] = ['FFmpeg to come to its end', 'a signal that ended it, from outside'];
  const remedy = 'see whether memory ran out, then run the command again';
  return errorFactory('DEPENDENCY', operation)(argument, expected, received, remedy);
}

/** @throws {PxvError} INTERRUPTED once `signal` is aborted. */
export function throwIfInterrupted(signal: AbortSignal | undefined, operation: string, argument: string): void {
  if (signal?.aborted) throw interruption(operation, argument, signal.reason);
}
