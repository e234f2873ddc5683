import { appendFileSync, createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { PxvError } from '../src/foundation/errors.js';
import { isSystemError } from '../src/foundation/write-file.js';
import type { UnpackedFile } from './image-set.js';
import { unpackedPieces } from './read-file.js';

/** What the rest of an archive may take: headers, padding, and files that are not wanted. */
const SLACK = 4 * 1024 * 1024;

/**
 * Takes the `wanted` files out of a gzipped tar file and writes them into `folder` under their own names. Names in the
 * archive are only compared, never used as paths, so it cannot write anywhere else; and no more is unpacked than the
 * wanted files and a little beside them.
 *
 * @throws {PxvError} INPUT where the archive is damaged, tries to reach outside, is larger than it may be, or lacks a
 * wanted file; some files may then have been written. An error of the system, such as a full disc, comes up as it is.
 */
export async function unpackTarGz(archive: string, folder: string, wanted: readonly UnpackedFile[]): Promise<void> {
  const limit = wanted.reduce((sum, { bytes }) => sum + bytes, SLACK);
  const missing = new Map(wanted.map(({ name, bytes }) => [name, bytes]));
  const failures: Error[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      const refusal = failures.length > 0 ? failures[0] : take(entry, archive, folder, missing);
      if (refusal === null) return;
      failures.push(refusal);
      entry.resume();
    },
  });
  parser.on('error', (error: Error) => failures.push(error));
  let unpacked = 0;
  try {
    for await (const piece of unpackedPieces(createReadStream(archive), createGunzip({ chunkSize: 1 << 20 }))) {
      unpacked += piece.length;
      if (unpacked > limit) throw hostile(archive, `at most ${limit} bytes of content`, 'more');
      parser.write(piece);
      if (failures.length > 0) throw failures[0];
    }
    parser.end();
    if (failures.length > 0) throw failures[0];
  } catch (cause) {
    throw cause instanceof PxvError || isSystemError(cause)
      ? cause
      : hostile(archive, 'a whole .tar.gz file', (cause as Error).message, { cause });
  }
  const [lacking] = missing.keys();
  if (lacking !== undefined) throw hostile(archive, `an archive with ${lacking}`, 'one without it');
}

/** Has a wanted file written as it comes, and takes it off `missing`; an error where the archive is not to be trusted. */
function take(entry: ReadEntry, archive: string, folder: string, missing: Map<string, number>): PxvError | null {
  const parts = entry.path.split(/[/\\]/);
  if (parts.includes('..') || parts[0] === '' || /^[a-z]:/i.test(entry.path)) {
    return hostile(archive, 'names that stay inside the archive', JSON.stringify(entry.path));
  }
  const name = parts[parts.length - 1];
  const bytes = missing.get(name);
  if (bytes === undefined) {
    entry.resume();
    return null;
  }
  if (entry.type !== 'File' && entry.type !== 'OldFile')
    return hostile(archive, `${name} as a file`, `a ${entry.type}`);
  if (entry.size !== bytes) return hostile(archive, `${name} of ${bytes} bytes`, `${entry.size}`);
  missing.delete(name);
  // Written synchronously, so that the parser never waits and an error of the disc comes up through its write.
  const path = join(folder, name);
  writeFileSync(path, '', { flag: 'wx' });
  entry.on('data', (chunk: Buffer) => appendFileSync(path, chunk));
  return null;
}

function hostile(archive: string, expected: string, received: string, options?: { cause: unknown }): PxvError {
  return new PxvError(
    {
      code: 'INPUT',
      operation: 'unpack',
      argument: archive,
      expected,
      received,
      remedy: 'delete it and download it again from another place (--mirror)',
    },
    options,
  );
}
