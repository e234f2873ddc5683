import { rmSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PxvError } from '../errors.js';
import { makeFolder } from '../make-folder.js';

const unfinished = new Set<string>();
let serial = 0;

/** Also where an error ends the whole program, nothing half-written stays. */
process.on('exit', () => {
  for (const path of unfinished) rmSync(path, { recursive: true, force: true });
});

/**
 * Has a file or folder made under a temporary name beside its own and then renames it, so that at no time a
 * half-written one stands at `path`. A missing parent folder is created. Where `make` throws, what it made is removed.
 *
 * @param make Makes the file or folder at the path it is given, where nothing is yet.
 * @throws {PxvError} OUTPUT where the place cannot be written to; and what `make` throws.
 */
export async function writeAtomically<Result>(
  path: string,
  make: (temporary: string) => Promise<Result>,
): Promise<Result> {
  const temporary = temporaryBeside(path);
  unfinished.add(temporary);
  try {
    makeFolder(dirname(temporary));
    const result = await make(temporary);
    await moveOver(temporary, resolve(path));
    return result;
  } catch (cause) {
    throw isSystemError(cause) ? unwritable(path, cause) : cause;
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    unfinished.delete(temporary);
  }
}

/**
 * Creates the parent folder where it is missing, and a file in it for a moment.
 *
 * @throws {PxvError} OUTPUT where `path` could not be written.
 */
export async function checkWritable(path: string): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    makeFolder(dirname(temporary));
    await writeFile(temporary, '');
  } catch (cause) {
    throw isSystemError(cause) ? unwritable(path, cause) : cause;
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** The name is short, since the path's own may already have all the length that a file system allows. */
function temporaryBeside(path: string): string {
  return join(dirname(resolve(path)), `.pxv-${process.pid}-${serial++}.partial`);
}

/** A folder cannot be renamed over one that has entries: the old one steps aside first. */
async function moveOver(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (cause) {
    if (!isSystemError(cause) || (cause.code !== 'ENOTEMPTY' && cause.code !== 'EEXIST')) throw cause;
    const aside = temporaryBeside(path);
    await rename(path, aside);
    await rename(temporary, path);
    await rm(aside, { recursive: true, force: true });
  }
}

/**
 * Whether the system refused something that was asked of a file or folder. By its form, since an error of another realm,
 * as in a worker of a test, is no instance of this one's Error.
 */
export function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return typeof cause === 'object' && cause !== null && 'syscall' in cause && 'code' in cause;
}

function unwritable(path: string, cause: NodeJS.ErrnoException): PxvError {
  return new PxvError(
    {
      code: 'OUTPUT',
      operation: 'write',
      argument: path,
      expected: 'a place that can be written to',
      received: cause.message,
      remedy: cause.code === 'ENOSPC' ? 'free the disk, or choose a path on another one' : 'choose another path',
    },
    { cause },
  );
}
