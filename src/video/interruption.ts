import { PxvError } from '../errors.js';

export function interruption(operation: string, argument: string, cause: unknown): PxvError {
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

/** @throws {PxvError} INTERRUPTED once `signal` is aborted. */
export function throwIfInterrupted(signal: AbortSignal | undefined, operation: string, argument: string): void {
  if (signal?.aborted) throw interruption(operation, argument, signal.reason);
}
