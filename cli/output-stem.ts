import { basename, resolve } from 'node:path';

/**
 * Returns the base name for outputs about a file or folder, without the extension; `unnamed` if only dots would be
 * left.
 */
export function outputStem(path: string): string {
  const stem = basename(resolve(path)).replace(/\.\w+$/, '');
  return /^\.*$/.test(stem) ? 'unnamed' : stem;
}
