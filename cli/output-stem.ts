import { basename, resolve } from 'node:path';
import { clipStem } from '../src/video/clip-address.js';

/** Returns the base name of a path without extension, to name outputs. Returns `unnamed` if only dots are left. */
export function outputStem(path: string): string {
  const stem = basename(clipStem(resolve(path)));
  return /^\.*$/.test(stem) ? 'unnamed' : stem;
}
