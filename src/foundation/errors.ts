/** Code of an error's kind, which tests and programs compare with. */
export type ErrorCode =
  /** An option or argument is wrong. */
  | 'USAGE'
  /** A file, folder or value given by the user cannot be used. */
  | 'INPUT'
  /** A result cannot be written. */
  | 'OUTPUT'
  /** A model or run folder is missing, broken or does not fit. */
  | 'CHECKPOINT'
  /** Training reached a value that is not finite. */
  | 'DIVERGED'
  /** The user stopped the work. */
  | 'INTERRUPTED'
  /** A program or package that is needed is missing, or was ended by another. */
  | 'DEPENDENCY'
  /** The work would take more memory or disk than there is. */
  | 'RESOURCES';

/** Parts of the message of a `PxvError`. */
export interface ErrorParts {
  /** Code of the kind of error. */
  code: ErrorCode;
  /** Operation that failed, e.g. `read video`. */
  operation: string;
  /** Object of the operation, e.g. a path or an option's name. */
  argument: string;
  /** Expected value or state, in words. */
  expected: string;
  /** Received value or state, in words. */
  received: string;
  /** Remedy for the user, as an imperative without a full stop. */
  remedy: string;
  /**
   * Event in words, such as `interrupted at step 45`. The message states the event in place of the expected and
   * received values. Default: `expected <expected>, received <received>`.
   */
  problem?: string | undefined;
}

/** Maximum length of a part of a message: what a file holds may be of any length. */
const LONGEST_PART = 2000;

/** Returns `text` with at most `longest` characters: the end of a longer text becomes `...`. */
export function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 3)}...` : text;
}

/**
 * Error that the user can act on. The message is one line: operation, argument, what happened, remedy. Expected and
 * received values of more than 2000 characters are shortened there.
 */
export class PxvError extends Error {
  /** Code of the kind of error. */
  readonly code: ErrorCode;
  /** Parts of the message. */
  readonly parts: Readonly<ErrorParts>;

  constructor(parts: ErrorParts, options?: ErrorOptions) {
    const { operation, argument, remedy } = parts;
    const [expected, received] = [parts.expected, parts.received].map((part) => shorten(part, LONGEST_PART));
    const problem = parts.problem ?? `expected ${expected}, received ${received}`;
    const text = `${operation}: ${argument || "''"}: ${problem}; ${remedy}`;
    super(text.replace(/\s*\n\s*/g, ' '), options);
    this.name = 'PxvError';
    this.code = parts.code;
    this.parts = parts;
  }
}

/**
 * Returns a function that creates a `PxvError` of this code and operation. The function's parameters are argument,
 * expected value, received value and remedy, as in `throw invalid('--size', 'two numbers', received, 'write it as
 * 64x48')`. The option `problem` is as in `ErrorParts`.
 */
export function errorFactory(code: ErrorCode, operation: string) {
  return (
    argument: string,
    expected: string,
    received: string,
    remedy: string,
    { problem, ...options }: ErrorOptions & { problem?: string } = {},
  ): PxvError => new PxvError({ code, operation, argument, expected, received, remedy, problem }, options);
}
