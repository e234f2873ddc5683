import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { writeAtomically } from '../src/foundation/write-file.js';

/** What to do where the cache cannot be written to: nobody chose a path in it. */
export const otherCache = 'set PXV_DATA to another folder';

/**
 * The folder of a data set: in PXV_DATA where that is set, else in the user's cache, which is XDG_CACHE_HOME or, as the
 * XDG Base Directory Specification has it, `~/.cache`; a relative XDG_CACHE_HOME counts as none.
 */
export function cacheFolder(name: string): string {
  const { PXV_DATA, XDG_CACHE_HOME } = process.env;
  if (PXV_DATA) return resolve(PXV_DATA, name);
  const cache = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(cache, 'pxv', 'datasets', name);
}

/** As `writeAtomically`, of a file or folder in the cache. */
export function writeToCache(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  return writeAtomically(path, make, { remedy: otherCache });
}
