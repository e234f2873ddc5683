import type { Readable, Transform } from 'node:stream';

/**
 * Pipes `file` through `unpack`, such as a gunzip stream, and yields the unpacked bytes in chunks. Leaving the loop
 * closes `file`.
 */
export async function* unpackedPieces(file: Readable, unpack: Transform): AsyncGenerator<Buffer, void> {
  file.on('error', (error) => unpack.destroy(error));
  try {
    yield* file.pipe(unpack) as AsyncIterable<Buffer>;
  } finally {
    file.destroy();
  }
}
