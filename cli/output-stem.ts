import { basename, resolve } from 'node:path';

/** Returns the base name of a path without extension, to name outputs; `unnamed` if only dots would be left. */
export function outputStem(path: string): string {
  const stem = basename(resolve(path)).replace(/\.\w+$/, '');
  return /^\.*$/.test(stem) ? 'unnamed' : stem;
}
