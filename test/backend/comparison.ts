import { TOLERANCES } from './tolerances.js';

export interface Comparison {
  operation: keyof typeof TOLERANCES;
  /** Which output and which case, e.g. `dWeights of 3x3 mask B`. */
  shape: string;
  instructionSet: string;
  expected: ArrayLike<number>;
  received: ArrayLike<number>;
}

/** Throws at the first value that is further from its expected one than the table of tolerances allows. */
export function expectClose({ operation, shape, instructionSet, expected, received }: Comparison): void {
  const where = `${operation} [${instructionSet}] ${shape}`;
  if (received.length !== expected.length)
    throw new Error(`${where}: expected ${expected.length} values, received ${received.length}`);
  const tolerance = TOLERANCES[operation];
  for (let i = 0; i < expected.length; i++) {
    const allowed = tolerance * Math.max(1, Math.abs(expected[i]));
    const error = Math.abs(received[i] - expected[i]);
    if (!(error <= allowed))
      throw new Error(
        `${where}: index ${i}: expected ${expected[i]}, received ${received[i]} (error ${error}, allowed ${allowed})`,
      );
  }
}
