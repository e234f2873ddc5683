import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorFactory, type PxvError } from '../src/foundation/errors.js';

/** Maximum number of bytes unpacked in memory; every file of a data set is far smaller. */
const LARGEST = 512 * 1024 * 1024;

/**
 * Returns the bytes of a file, unpacked if the contents are gzip, whatever the file's name.
 * @throws PxvError `INPUT` if the file cannot be read or unpacked, or has more than 512 MiB unpacked
 */
export async function readMaybeGzip(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch(unreadable(path));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return promisify(gunzip)(bytes, { maxOutputLength: LARGEST }).catch((cause: NodeJS.ErrnoException) => {
    const received =
      cause.code === 'Z_BUF_ERROR'
        ? 'a truncated file'
        : cause.code === 'ERR_BUFFER_TOO_LARGE'
          ? `a file of more than ${LARGEST / 2 ** 20} MiB uncompressed`
          : `one that is damaged (${cause.message})`;
    throw wrongFile(path, 'a whole gzip file', received, { cause });
  });
}

/**
 * Returns an error handler that throws `wrongFile` for any error: the file or folder `path` of a data set cannot be
 * read.
 */
export function unreadable(path: string) {
  return (cause: Error): never => {
    throw wrongFile(path, 'a readable file or folder', cause.message, { cause });
  };
}

/**
 * Returns the `INPUT` error for a data set's file or folder with invalid contents. Expected and received contents are
 * in words.
 */
export function wrongFile(path: string, expected: string, received: string, options?: ErrorOptions): PxvError {
  const remedy = 'download it again, or give another folder with --data';
  return errorFactory('INPUT', 'read data set')(path, expected, received, remedy, options);
}
