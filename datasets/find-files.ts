import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorFactory, type PxvError } from '../src/foundation/errors.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { naturalOrder } from '../src/video/image-folder.js';

/**
 * Returns the names of a folder's visible entries, in natural order.
 * @throws PxvError `INPUT` if the folder cannot be read
 */
export async function listFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    const received = cause.code === 'ENOENT' ? 'nothing' : cause.message;
    throw missing(folder, 'a folder with the files of the data set', received);
  });
  return names.filter((name) => !name.startsWith('.')).sort(naturalOrder.compare);
}

/**
 * Returns the paths of the files in a folder whose names match one of `patterns`. Patterns are tried in order, and the
 * first with a match gives all paths.
 * @param patterns in order of preference: official names before the names of partial files
 * @param expected files looked for, in words, for the error
 * @throws PxvError `INPUT` if the folder cannot be read, or no pattern matches
 */
export async function findFiles(folder: string, patterns: readonly RegExp[], expected: string): Promise<string[]> {
  const names = await listFolder(folder);
  for (const pattern of patterns) {
    const found = names.filter((name) => pattern.test(name));
    if (found.length > 0) return found.map((name) => join(folder, name));
  }
  const received = `a folder with ${pluralize(names.length, 'entry', 'entries')}, none of them such a file`;
  throw missing(folder, expected, received);
}

/**
 * Returns the path of the only file that `findFiles` finds. Parameters are those of `findFiles`.
 * @throws PxvError `INPUT` if there is none or more than one
 */
export async function findFile(folder: string, patterns: readonly RegExp[], expected: string): Promise<string> {
  const [path, ...more] = await findFiles(folder, patterns, expected);
  if (more.length > 0) throw missing(folder, `one file: ${expected}`, [path, ...more].join(' and '));
  return path;
}

function missing(folder: string, expected: string, received: string): PxvError {
  const remedy = 'give the folder of the files with --data, or run pxv datasets get';
  return errorFactory('INPUT', 'read data set')(folder, expected, received, remedy);
}
