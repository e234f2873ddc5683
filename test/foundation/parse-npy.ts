import { errorFactory } from '../../src/foundation/errors.js';
import { parseNpyHeader, type NpyHeader } from '../../src/foundation/npy.js';

const refuse = errorFactory('INPUT', 'read array');

/** Parses the header of an .npy file, and refuses its shape as that of `a.npy`. */
export function parseNpy(bytes: Buffer): NpyHeader | null {
  return parseNpyHeader(bytes, (expected, received) => refuse('a.npy', expected, received, 'save the array again'));
}
