/** What kind of mistake it was; tests and programs match on it. */
export type ErrorCode =
  | 'USAGE' // an option or argument is wrong
  | 'INPUT' // a file, folder or value given by the user cannot be used
  | 'OUTPUT' // a result cannot be written
  | 'CHECKPOINT' // a model or run folder is missing, broken or does not fit
  | 'DIVERGED' // training reached a value that is not finite
  | 'INTERRUPTED' // the user stopped the work
  | 'DEPENDENCY' // a program or package that is needed is missing, or was ended by another
  | 'RESOURCES'; // the work would take more memory or disk than there is

export interface ErrorParts {
  code: ErrorCode;
  /** What was being done, e.g. `read video`. */
  operation: string;
  /** What it was done to, e.g. a path or an option's name. */
  argument: string;
  expected: string;
  received: string;
  /** What the user can do about it, as an imperative without a full stop. */
  remedy: string;
}

/** An error that a person can act on. Its message is one line: operation, argument, expected, received, remedy. */
export class PxvError extends Error {
  /** What kind of mistake it was. */
  readonly code: ErrorCode;
  /** The parts of its message, each on its own. */
  readonly parts: Readonly<ErrorParts>;

  constructor(parts: ErrorParts, options?: ErrorOptions) {
    const { operation, argument, expected, received, remedy } = parts;
    const text = `${operation}: ${argument || "''"}: expected ${expected}, received ${received}; ${remedy}`;
    super(text.replace(/\s*\n\s*/g, ' '), options);
    this.name = 'PxvError';
    this.code = parts.code;
    this.parts = parts;
  }
}

/** Makes the errors of one code in one operation: `throw misused('--size', 'two numbers', received, 'write it as 64x48')`. */
export function errorFactory(code: ErrorCode, operation: string) {
  return (argument: string, expected: string, received: string, remedy: string, options?: ErrorOptions): PxvError =>
    new PxvError({ code, operation, argument, expected, received, remedy }, options);
}
