import { basename, resolve } from 'node:path';

/** The name that results of a file or folder get: its own, without its ending; `unnamed` where nothing but dots would be left. */
export function outputStem(path: string): string {
  const stem = basename(resolve(path)).replace(/\.\w+$/, '');
  return /^\.*$/.test(stem) ? 'unnamed' : stem;
}
