import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { writeAtomically } from '../src/foundation/write-file.js';

/** Remedy of errors if the cache cannot be written to, in words for the user. */
export const otherCache = 'set PXV_DATA to another folder';

/**
 * Returns the path of a data set's folder: `PXV_DATA/name` if PXV_DATA is set, else `pxv/datasets/name` in the user's
 * cache. The cache is XDG_CACHE_HOME or `~/.cache` (XDG Base Directory Specification); a relative XDG_CACHE_HOME is
 * ignored.
 */
export function cacheFolder(name: string): string {
  const { PXV_DATA, XDG_CACHE_HOME } = process.env;
  if (PXV_DATA) return resolve(PXV_DATA, name);
  const cache = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(cache, 'pxv', 'datasets', name);
}

/**
 * Writes a file or folder in the cache atomically.
 * @param make writes the content to a temporary path
 * @throws PxvError `OUTPUT` if `path` cannot be written; errors of `make`
 */
export function writeToCache(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  return writeAtomically(path, make, { remedy: otherCache });
}
