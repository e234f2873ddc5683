import { PxvError } from '../errors.js';

/** @throws {PxvError} INTERRUPTED once `signal` is aborted. */
export function throwIfInterrupted(signal: AbortSignal | undefined, operation: string, argument: string): void {
  if (!signal?.aborted) return;
  throw new PxvError(
    {
      code: 'INTERRUPTED',
      operation,
      argument,
      expected: 'to come to the end',
      received: 'an interruption',
      remedy: 'run the command again',
    },
    { cause: signal.reason },
  );
}
