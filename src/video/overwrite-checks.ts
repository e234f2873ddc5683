import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';

/** What an output may take the place of. */
export interface ReplaceOptions {
  /** Whether a file, or a folder with files in it, may be replaced. Default: it may not. */
  overwrite?: boolean;
  /** Files and folders that are read: no output takes their place, under whatever name. */
  inputs?: readonly string[];
}

/**
 * Makes sure that an output destroys nothing that exists, unless that is asked for.
 * @throws {PxvError} OUTPUT where it exists and may not be replaced.
 */
export async function assertOverwritable(path: string, { overwrite = false }: Pick<ReplaceOptions, 'overwrite'>) {
  if (overwrite || !(await outputExists(path))) return;
  const entries = await entriesAt(path);
  const expected = entries === null ? 'a new file' : 'a new or empty folder';
  const received = entries === null ? 'one that exists' : `one with ${pluralize(entries.length, 'file')}`;
  const remedy = 'choose another --out, or replace it with --overwrite';
  throw errorFactory('OUTPUT', 'write')(path, expected, received, remedy);
}

/** Whether an output would take the place of something: a file, or a folder that is not empty. */
export async function outputExists(path: string): Promise<boolean> {
  // As it is written: to the system `none/../clips` leads nowhere where there is no `none`. A link to nothing is something, too.
  const existing = await lstat(resolve(path)).catch(() => null);
  return existing !== null && (await entriesAt(path))?.length !== 0;
}

/** What lies in a folder; null where there is none. */
async function entriesAt(path: string): Promise<string[] | null> {
  return readdir(resolve(path)).catch(() => null);
}

/**
 * Makes sure that an output is none of the inputs: by what the system says that a path leads to, whatever it is called.
 * @param options.folderReplaced whether an output that is a folder takes away all that lies in it
 * @throws {PxvError} USAGE
 */
export async function assertNotInput(path: string, inputs: readonly string[], { folderReplaced = false } = {}) {
  const place = resolve(path);
  const output = await identity(place);
  if (output === null) return;
  const inside = `${await realpath(place)}${sep}`;
  for (const input of inputs) {
    const isInside = folderReplaced && (await realpath(input).catch(() => '')).startsWith(inside);
    if (!isInside && (await identity(input)) !== output) continue;
    const expected = 'an output that takes the place of no input';
    const received = input === path ? 'the input itself' : `the place of ${input}`;
    throw errorFactory('USAGE', 'write')(path, expected, received, 'choose another --out');
  }
}

/** Which file or folder a path leads to; null where to none. */
async function identity(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found && `${found.dev} ${found.ino}`;
}
