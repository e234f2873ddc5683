import { basename, resolve } from 'node:path';

/** Returns the base name of a path without extension, to name outputs. Returns `unnamed` if only dots are left. */
export function outputStem(path: string): string {
  const stem = basename(resolve(path)).replace(/\.\w+$/, '');
  return /^\.*$/.test(stem) ? 'unnamed' : stem;
}
