import { appendFileSync, createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { errorFactory, PxvError } from '../src/foundation/errors.js';
import { unpackedPieces } from '../src/foundation/unpack.js';
import { isSystemError } from '../src/foundation/write-file.js';
import type { UnpackedFile } from './image-set.js';

/** Maximum number of bytes of an archive besides the wanted files: headers, padding and other files. */
const SLACK = 4 * 1024 * 1024;

/**
 * Extracts the `wanted` files of a gzipped tar archive into `folder`, under the last part of their names. Archive names
 * are only compared, never used as paths, so that nothing is written elsewhere. Unpacks at most 4 MiB besides the
 * wanted files.
 * @throws PxvError `INPUT` if the archive is damaged, has paths that lead outside, is too large, or lacks a wanted
 *   file; some files may then be written. System errors, such as a full disk, are thrown as they are.
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

/**
 * Starts writing a wanted archive entry, and removes its name from `missing`. Returns an error if the archive is not to
 * be trusted, else null.
 */
function take(entry: ReadEntry, archive: string, folder: string, missing: Map<string, number>): PxvError | null {
  const parts = entry.path.split(/[/\\]/);
  if (parts.includes('..') || parts[0] === '' || /^[a-z]:/i.test(entry.path))
    return hostile(archive, 'names that stay inside the archive', JSON.stringify(entry.path));
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
  // Written synchronously, so that the parser never waits and a disk error is thrown through its write.
  const path = join(folder, name);
  writeFileSync(path, '', { flag: 'wx' });
  entry.on('data', (chunk: Buffer) => appendFileSync(path, chunk));
  return null;
}

function hostile(archive: string, expected: string, received: string, options?: ErrorOptions): PxvError {
  const remedy = 'delete it and download it again from another place (--mirror)';
  return errorFactory('INPUT', 'unpack')(archive, expected, received, remedy, options);
}
