import { setTimeout } from 'node:timers/promises';
import { errorFactory } from '../foundation/errors.js';

/** Milliseconds after which this process and FFmpeg have both received an interruption from the keyboard. */
const SAME_TIME = 500;

/**
 * Throws the error of an FFmpeg that a system signal ended: the reason of `signal` if aborted within 500 ms.
 * @throws PxvError `DEPENDENCY` otherwise, as when the system runs out of memory
 */
export async function throwEndBySignal(operation: string, argument: string, signal?: AbortSignal): Promise<never> {
  if (signal) await setTimeout(SAME_TIME, null, { signal }).catch(() => {});
  signal?.throwIfAborted();
  const remedy = 'check whether memory ran out, then run the command again';
  const problem = 'FFmpeg was killed by a signal';
  throw errorFactory('DEPENDENCY', operation)(argument, 'FFmpeg to finish', 'a signal', remedy, { problem });
}
