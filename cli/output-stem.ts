import { basename, resolve } from 'node:path';
import { clipStem } from '../src/video/clip-address.js';

/**
 * Returns the last part of a clip's path without extension (see `clipStem`), to name outputs. Returns `unnamed` if
 * nothing but dots is left.
 */
export function outputStem(path: string): string {
  const stem = basename(clipStem(resolve(path)));
  return /^\.*$/.test(stem) ? 'unnamed' : stem;
}
