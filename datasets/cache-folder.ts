import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder of a data set: in PXV_DATA where that is set, else in the user's cache, which is XDG_CACHE_HOME or, as the
 * XDG Base Directory Specification has it, `~/.cache`; a relative XDG_CACHE_HOME counts as none.
 */
export function cacheFolder(cacheName: string): string {
  const { PXV_DATA, XDG_CACHE_HOME } = process.env;
  if (PXV_DATA) return resolve(PXV_DATA, cacheName);
  const cache = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(cache, 'pxv', 'datasets', cacheName);
}
