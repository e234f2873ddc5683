import { setTimeout } from 'node:timers/promises';
import { errorFactory, type PxvError } from '../foundation/errors.js';

function interruption(operation: string, argument: string, cause: unknown): PxvError {
  const interrupted = errorFactory('INTERRUPTED', operation);
  return interrupted(argument, 'the end', 'an interruption', 'run the command again', {
    cause,
    problem: 'interrupted',
  });
}

/** Milliseconds after which this process and FFmpeg have both received an interruption from the keyboard. */
const SAME_TIME = 500;

/**
 * Returns the error for an FFmpeg that a signal ended: INTERRUPTED if `signal` is aborted within 500 ms, else
 * DEPENDENCY, as when the system runs out of memory.
 */
export async function endBySignal(operation: string, argument: string, signal?: AbortSignal): Promise<PxvError> {
  if (signal) await setTimeout(SAME_TIME, null, { signal }).catch(() => {});
  if (signal?.aborted) return interruption(operation, argument, signal.reason);
  const remedy = 'check whether memory ran out, then run the command again';
  const problem = 'FFmpeg was killed by a signal';
  return errorFactory('DEPENDENCY', operation)(argument, 'FFmpeg to finish', 'a signal', remedy, { problem });
}

/** Throws if `signal` is aborted. @throws {PxvError} INTERRUPTED */
export function throwIfInterrupted(signal: AbortSignal | undefined, operation: string, argument: string): void {
  if (signal?.aborted) throw interruption(operation, argument, signal.reason);
}
