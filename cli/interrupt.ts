import { errorFactory } from '../src/foundation/errors.js';
import type { Progress } from './progress.js';

/** What the process tells its caller. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** SIGHUP: the terminal is gone. A shell and the system may both tell it, so that a second one asks for nothing more. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interrupt {
  signal: AbortSignal;
  /** To be called once an interruption leaves something finished: it then speaks of saving. */
  markSaving: () => void;
  close(): void;
}

/**
 * Until closed: the first SIGINT, SIGTERM or SIGHUP says how the work ends and aborts `signal`, so that it can; a second
 * SIGINT or SIGTERM ends the process at once with exit code 130.
 * @param command its name, for the message
 */
export function listenForInterrupt(progress: Progress, command: string): Interrupt {
  const controller = new AbortController();
  let ending = 'stopping';
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (name !== 'SIGHUP') process.exit(exitCodes.interrupted);
      return;
    }
    progress.log(`pxv: ${ending}... (interrupt again to stop at once)`);
    const interruption = errorFactory('INTERRUPTED', command);
    controller.abort(interruption('this command', 'to come to its end', name, 'run it again'));
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    markSaving: () => (ending = 'finishing: saving'),
    close: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
