import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
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
import { errorFactory } from './errors.js';
import { makeFolder } from './make-folder.js';
import type { PlacementOptions } from './placement-options.js';

/** Wording of an error for a path that cannot be written. */
interface Wording {
  /** Operation that failed. Default `write`. */
  operation?: string;
  /** Remedy as an imperative. Default `choose another path`. */
  remedy?: string;
}

const unfinished = new Set<string>();

/** Removes unfinished files also if an uncaught error ends the program. */
process.on('exit', () => unfinished.forEach((temporary) => discard(temporary)));

/**
 * Writes the concatenation of `parts` to a file atomically, in place of an existing file. The file's folder must exist.
 * @throws PxvError `OUTPUT` if the file cannot be written
 */
export function writeFileAtomically(path: string, parts: readonly NodeJS.ArrayBufferView[]): void {
  const temporary = begin(path);
  try {
    const file = openSync(temporary, 'wx');
    try {
      for (const part of parts) writeFileSync(file, part);
    } finally {
      closeSync(file);
    }
    flush(temporary);
    renameSync(temporary, resolve(path));
  } catch (cause) {
    throw writeFailure(path, cause);
  } finally {
    discard(temporary);
  }
}

/**
 * Writes a file or folder atomically: `make` writes to a temporary path in the same folder, which is then renamed to
 * `path`. Missing parent folders are created, and an existing file or folder at `path` is replaced. If `make` or
 * `confirm` throws, all that was written is removed.
 * @param make writes the file or folder at `temporary`, where nothing exists yet
 * @returns result of `make`
 * @throws PxvError `OUTPUT` if `path` cannot be written; errors of `make` and `confirm`
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
    if (lstatSync(temporary).isFile()) flush(temporary);
    moveOver(temporary, resolve(path));
    folders = [];
    return result;
  } catch (cause) {
    throw writeFailure(path, cause, wording);
  } finally {
    discard(temporary, folders);
  }
}

/** Brings a file's bytes to the disk: else its new name may be there before them. */
function flush(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Checks that a file can be written at `path`. Creates a temporary file in the same folder, and missing parent folders,
 * then removes them.
 * @throws PxvError `OUTPUT` if `path` cannot be written
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

/** Appends a line to a file, which is created if missing. @throws PxvError `OUTPUT` if the file cannot be written */
export function appendLine(path: string, line: string): void {
  attemptWrite(path, () => appendFileSync(path, `${line}\n`));
}

/**
 * Calls `write`, which writes to `path`, and returns its result.
 * @param wording operation and remedy that errors state
 * @throws PxvError `OUTPUT` for a system error of `write`; other errors of `write`
 */
export function attemptWrite<Result>(path: string, write: () => Result, wording: Wording = {}): Result {
  try {
    return write();
  } catch (cause) {
    throw writeFailure(path, cause, wording);
  }
}

/**
 * Converts an error of a write to `path` to the error to throw. Returns a `PxvError` `OUTPUT` if `cause` is a system
 * error (see `isSystemError`). Returns `cause` itself if not.
 * @param wording operation and remedy that the `PxvError` states
 */
export function writeFailure(path: string, cause: unknown, wording: Wording = {}): unknown {
  if (!isSystemError(cause)) return cause;
  const { operation = 'write', remedy = 'choose another path' } = wording;
  // Node.js has no name for a quota that is used up.
  const isFull = cause.code === 'ENOSPC' || cause.errno === -constants.errno.EDQUOT;
  const refused = errorFactory('OUTPUT', operation);
  return refused(path, 'a writable path', cause.message, isFull ? `free the disk, or ${remedy}` : remedy, { cause });
}

/**
 * Returns true if `cause` is an object with the keys `syscall` and `code`, as errors of system calls have. An error of
 * another realm, such as a Jest worker's, is no instance of this realm's Error.
 */
export function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return typeof cause === 'object' && cause !== null && 'syscall' in cause && 'code' in cause;
}

/**
 * Parses the name of a temporary file of `writeAtomically`, such as a killed process leaves behind. Returns the first
 * 40 characters of the final file's name. Returns null if `name` is not a temporary name.
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

/** Age in milliseconds, by the last change, after which a temporary file counts as abandoned. */
const LEFT_BEHIND = 24 * 3600 * 1000;

/**
 * Removes abandoned temporary files of `path`, left by killed processes. Folders are kept if nothing is at `path`: one
 * of them may be the old folder, which a process moved aside and was killed before the new one took its place.
 */
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
    const found = statSync(left, { throwIfNoEntry: false });
    const isOld = found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND;
    if (isOld && (existsSync(own) || !found.isDirectory())) discard(left);
  }
}

/**
 * Returns a temporary path in the folder of `path`. Only 40 letters of the name are used, as the name may have the file
 * system's maximum length.
 */
function temporaryBeside(path: string): string {
  const own = resolve(path);
  return join(dirname(own), `.${basename(own).slice(0, 40)}.${randomBytes(8).toString('hex')}.partial`);
}

/** Removes an unfinished file or folder, and those `folders`, innermost first, that are empty. */
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

/**
 * Removes `folders` in order, and stops at the first folder that is not empty or cannot be removed.
 * @param folders paths, the innermost first
 */
export function removeEmptyFolders(folders: readonly string[]): void {
  try {
    folders.forEach((folder) => rmdirSync(folder));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Renames `temporary` to `path`. A folder cannot replace one with entries, so the old folder is moved aside first. */
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
      moveBack(aside, path);
      throw failure;
    }
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Renames the old folder `aside` back to `path`. @throws PxvError `OUTPUT` that says where the old folder is */
function moveBack(aside: string, path: string): void {
  try {
    renameSync(aside, path);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const expected = 'the old folder back in its place';
    const remedy = `rename ${aside}, which is the old folder`;
    throw errorFactory('OUTPUT', 'write')(path, expected, cause.message, remedy, { cause });
  }
}
