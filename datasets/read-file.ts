import { readFile } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { PxvError } from '../src/foundation/errors.js';

/** No file that is unpacked in memory comes near it; a gzip file that does is no data set. */
const LARGEST = 512 * 1024 * 1024;

/**
 * The bytes of a file, unpacked where it is gzip, whatever its name.
 *
 * @throws {PxvError} INPUT where it cannot be read or unpacked.
 */
export async function readMaybeGzip(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch(unreadable(path));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return promisify(gunzip)(bytes, { maxOutputLength: LARGEST }).catch((cause: NodeJS.ErrnoException) => {
    const received =
      cause.code === 'Z_BUF_ERROR'
        ? 'one that was cut off'
        : cause.code === 'ERR_BUFFER_TOO_LARGE'
          ? `one that unpacks to more than ${LARGEST / 2 ** 20} MiB`
          : `one that is damaged (${cause.message})`;
    throw wrongFile(path, 'a whole gzip file', received, { cause });
  });
}

/** What `unpack` makes of a file's bytes, piece by piece; leaving the loop closes the file. */
export async function* unpackedPieces(file: Readable, unpack: Transform): AsyncGenerator<Buffer, void> {
  file.on('error', (error) => unpack.destroy(error));
  try {
    yield* file.pipe(unpack) as AsyncIterable<Buffer>;
  } finally {
    file.destroy();
  }
}

/** Makes an INPUT error of what the system says of a file or folder of a data set that it cannot read. */
export function unreadable(path: string) {
  return (cause: Error): never => {
    throw wrongFile(path, 'a readable file or folder', cause.message, { cause });
  };
}

/** An INPUT error: a file of a data set is not what it should be. */
export function wrongFile(path: string, expected: string, received: string, options?: { cause: unknown }): PxvError {
  return new PxvError(
    {
      code: 'INPUT',
      operation: 'read data set',
      argument: path,
      expected,
      received,
      remedy: 'get it again, or give another folder with --data',
    },
    options,
  );
}
