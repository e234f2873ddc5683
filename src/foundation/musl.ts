import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes at the start of an executable that hold the name of its loader. */
const HEAD_BYTES = 4096;

/**
 * Returns true if an executable is linked against musl, as on Alpine Linux: its ELF header names musl's loader. Returns
 * false for a file that cannot be read.
 * @param executable path of the executable. Default: Node.js
 */
export function usesMusl(executable = process.execPath): boolean {
  try {
    const file = openSync(executable, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      readSync(file, head, 0, HEAD_BYTES, 0);
      return head.toString('latin1').startsWith('\x7fELF') && head.includes('/ld-musl-');
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
