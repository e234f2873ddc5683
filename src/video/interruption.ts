import { setTimeout } from 'node:timers/promises';
import { errorFactory } from '../foundation/errors.js';

/** Milliseconds after which this process and FFmpeg have both received an interruption from the keyboard. */
const SAME_TIME = 500;

/**
 * Throws the error for an FFmpeg process that a signal of the system has ended. Waits up to 500 ms for an abort of
 * `signal`, since an interruption from the keyboard may reach FFmpeg first. Throws the reason of `signal` if aborted by
 * then.
 * @param operation operation that failed, for the error
 * @param argument file or stream of the operation, for the error
 * @throws PxvError `DEPENDENCY` if not aborted, as when the system runs out of memory
 */
export async function throwEndBySignal(operation: string, argument: string, signal?: AbortSignal): Promise<never> {
  if (signal) await setTimeout(SAME_TIME, null, { signal }).catch(() => {});
  signal?.throwIfAborted();
  const remedy = 'check whether memory ran out, then run the command again';
  const problem = 'FFmpeg was killed by a signal';
  throw errorFactory('DEPENDENCY', operation)(argument, 'FFmpeg to finish', 'a signal', remedy, { problem });
}
