import { errorFactory } from '../src/foundation/errors.js';
import type { Progress } from './progress.js';

/** Exit codes of the process; `alarm`: an anomaly reached the threshold that the user gave. */
export const exitCodes = { done: 0, failed: 1, usage: 2, alarm: 3, interrupted: 130 } as const;

/**
 * Signals that interrupt. SIGHUP means that the terminal is gone; shell and system may both send it, so a second is
 * ignored.
 */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listener for the interrupts of a command. */
export interface Interrupt {
  /** Signal that the first interrupt aborts. */
  signal: AbortSignal;
  /**
   * Makes the message that is printed on an interruption say that results are saved. Call as soon as an interruption
   * would save some.
   */
  markSaving: () => void;
  /** Stops listening. */
  close(): void;
}

/**
 * Listens for interrupts until closed. The first SIGINT, SIGTERM or SIGHUP prints how the work ends, and aborts
 * `signal` with a `PxvError` `INTERRUPTED` as the reason. A second SIGINT or SIGTERM ends the process at once with exit
 * code 130.
 * @param command name of the command, for the message
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
    const problem = `interrupted by ${name}`;
    controller.abort(interruption('this command', 'the end', name, 'run it again', { problem }));
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
