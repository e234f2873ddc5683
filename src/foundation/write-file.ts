import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { PxvError } from './errors.js';
import { makeFolder } from './make-folder.js';
import type { PlacementOptions } from './placement-options.js';

/** How it is said that a place cannot be written to. */
interface Wording {
  /** What was being done. Default `write`. */
  operation?: string;
  /** How another place is chosen, as an imperative. Default `choose another path`. */
  remedy?: string;
}

const unfinished = new Set<string>();

/** Also where an error ends the whole program, nothing half-written stays. */
process.on('exit', () => unfinished.forEach((temporary) => discard(temporary)));

/** Writes a file whole or not at all. @throws {PxvError} OUTPUT where the system refuses */
export function writeFileAtomically(path: string, parts: readonly NodeJS.ArrayBufferView[]): void {
  const temporary = begin(path);
  try {
    const file = openSync(temporary, 'wx');
    try {
      for (const part of parts) writeFileSync(file, part);
      // Else the new name may reach the disk before the bytes do.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, resolve(path));
  } catch (cause) {
    throw writeFailure(path, cause);
  } finally {
    discard(temporary);
  }
}

/**
 * Has a file or folder made under a temporary name beside its own and then renames it, so that at no time a
 * half-written one stands at `path`. A missing parent folder is created. Where something throws, what was made is removed.
 *
 * @param make makes the file or folder at the path it is given, where nothing is yet
 * @throws {PxvError} OUTPUT where the place cannot be written to; and what `make` and `confirm` throw
 */
export async function writeAtomically<Result>(
  path: string,
  make: (temporary: string) => Promise<Result>,
  { confirm, ...wording }: Wording & PlacementOptions = {},
): Promise<Result> {
  const temporary = begin(path);
  let folders: string[] = [];
  try {
    folders = makeFolder(dirname(temporary));
    const result = await make(temporary);
    await confirm?.();
    moveOver(temporary, resolve(path));
    folders = [];
    return result;
  } catch (cause) {
    throw writeFailure(path, cause, wording);
  } finally {
    discard(temporary, folders);
  }
}

/**
 * Makes a file beside what is to be written, and the parent folder where it is missing, for a moment.
 *
 * @throws {PxvError} OUTPUT where `path` could not be written
 */
export function checkWritable(path: string): void {
  const temporary = begin(path);
  let folders: string[] = [];
  try {
    folders = makeFolder(dirname(temporary));
    writeFileSync(temporary, '');
  } catch (cause) {
    throw writeFailure(path, cause);
  } finally {
    discard(temporary, folders);
  }
}

/** Adds a line to the end of a file, which is made where it is missing. @throws {PxvError} OUTPUT where the system refuses */
export function appendLine(path: string, line: string): void {
  try {
    appendFileSync(path, `${line}\n`);
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

/** What to throw where a write has thrown `cause`: a `PxvError` of what the system refused, and anything else as it is. */
export function writeFailure(path: string, cause: unknown, wording: Wording = {}): unknown {
  if (!isSystemError(cause)) return cause;
  const { operation = 'write', remedy = 'choose another path' } = wording;
  // Node.js has no name for a quota that is used up.
  const isFull = cause.code === 'ENOSPC' || cause.errno === -constants.errno.EDQUOT;
  return new PxvError(
    {
      code: 'OUTPUT',
      operation,
      argument: path,
      expected: 'a place that can be written to',
      received: cause.message,
      remedy: isFull ? `free the disk, or ${remedy}` : remedy,
    },
    { cause },
  );
}

/**
 * Whether the system refused something that was asked of a file or folder. By its form, since an error of another realm,
 * as in a worker of a test, is no instance of this one's Error.
 */
export function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return typeof cause === 'object' && cause !== null && 'syscall' in cause && 'code' in cause;
}

/**
 * What a name in a folder is the temporary one of, as a process that was killed leaves it behind: the first letters of
 * its own; null where it is no temporary name.
 */
export function parseTemporaryName(name: string): string | null {
  return /^\.(.+)\.[0-9a-f]{16}\.partial$/s.exec(name)?.[1] ?? null;
}

function begin(path: string): string {
  removeLeftBehind(path);
  const temporary = temporaryBeside(path);
  unfinished.add(temporary);
  return temporary;
}

/** Milliseconds after which nobody writes to a temporary file any more that has not changed since. */
const LEFT_BEHIND = 24 * 3600 * 1000;

/** Removes what processes that were killed have left of the same file. */
function removeLeftBehind(path: string): void {
  const own = resolve(path);
  const start = basename(own).slice(0, 40);
  let names: string[] = [];
  try {
    names = readdirSync(dirname(own));
  } catch (error) {
    // The folder may not be there yet.
    if (!isSystemError(error)) throw error;
  }
  for (const name of names.filter((one) => parseTemporaryName(one) === start)) {
    const left = join(dirname(own), name);
    const changed = statSync(left, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - changed > LEFT_BEHIND) discard(left);
  }
}

/** Not all of the name, since that may already have all the length that a file system allows. */
function temporaryBeside(path: string): string {
  const own = resolve(path);
  return join(dirname(own), `.${basename(own).slice(0, 40)}.${randomBytes(8).toString('hex')}.partial`);
}

/** Removes what is unfinished, and the empty ones of the folders that were made for it, the innermost first. */
function discard(temporary: string, folders: readonly string[] = []): void {
  try {
    rmSync(temporary, { recursive: true, force: true });
    removeEmptyFolders(folders);
  } catch (error) {
    // What cannot be removed stays: the error that led here says more.
    if (!isSystemError(error)) throw error;
  }
  unfinished.delete(temporary);
}

/** Removes folders; those that others have put something into meanwhile stay. @param folders the innermost first */
export function removeEmptyFolders(folders: readonly string[]): void {
  try {
    folders.forEach((folder) => rmdirSync(folder));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** A folder cannot be renamed over one that has entries: the old one steps aside first. */
function moveOver(temporary: string, path: string): void {
  try {
    renameSync(temporary, path);
  } catch (cause) {
    if (!isSystemError(cause) || (cause.code !== 'ENOTEMPTY' && cause.code !== 'EEXIST')) throw cause;
    const aside = temporaryBeside(path);
    renameSync(path, aside);
    try {
      renameSync(temporary, path);
    } catch (failure) {
      renameSync(aside, path);
      throw failure;
    }
    rmSync(aside, { recursive: true, force: true });
  }
}
