import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import { checkWritable } from '../foundation/write-file.js';

/** Options for checks that an output replaces no file that should stay. */
export interface ReplaceOptions {
  /** True if an output may replace a file or a folder that is not empty. Default: false. */
  overwrite?: boolean;
  /** Input files and folders, which no output may replace, not even through a link. Default: none. */
  inputs?: readonly string[];
}

/**
 * Checks that `path` is free or may be replaced.
 * @param options.option option that names the path, for the error
 * @param options.operation name of the task, for the error
 * @throws PxvError `OUTPUT` if a file or a folder with entries exists and `overwrite` is false
 */
export async function assertOverwritable(
  path: string,
  {
    overwrite = false,
    option = '--out',
    operation = 'write',
  }: Pick<ReplaceOptions, 'overwrite'> & { option?: string; operation?: string },
) {
  if (overwrite || !(await outputExists(path))) return;
  const entries = await entriesAt(path);
  const expected = entries === null ? 'a new file' : 'a new or empty folder';
  const received = entries === null ? 'one that exists' : `one with ${pluralize(entries.length, 'file')}`;
  const problem = entries === null ? 'the file exists' : `the folder holds ${pluralize(entries.length, 'file')}`;
  const remedy = `choose another ${option}, or replace it with --overwrite`;
  throw errorFactory('OUTPUT', operation)(path, expected, received, remedy, { problem });
}

/**
 * Checks that a file can be written to `path`, and replaces nothing that should stay. The options are those of
 * `assertOverwritable`.
 * @throws PxvError `USAGE` if `path` is `-`; `OUTPUT` if it is a folder, if it cannot be written, or as
 *   `assertOverwritable`
 */
export async function assertFileOutput(path: string, options: Parameters<typeof assertOverwritable>[1]) {
  const { option = '--out', operation = 'write' } = options;
  const remedy = `choose another ${option}`;
  if (path === '-') throw errorFactory('USAGE', operation)(path, 'the name of a file', 'standard output', remedy);
  if ((await entriesAt(path)) !== null)
    throw errorFactory('OUTPUT', operation)(path, 'a file', 'a folder of that name', remedy);
  await assertOverwritable(path, options);
  checkWritable(path);
}

/** Returns true if an output would replace something: a file, a link, or a folder that is not empty. */
export async function outputExists(path: string): Promise<boolean> {
  // `resolve` first: to the system `none/../clips` leads nowhere if there is no `none`. A dangling link is something,
  // too.
  const existing = await lstat(resolve(path)).catch(() => null);
  return existing !== null && (await entriesAt(path))?.length !== 0;
}

/** Returns the names in a folder; null if there is no folder. */
async function entriesAt(path: string): Promise<string[] | null> {
  return readdir(resolve(path)).catch(() => null);
}

/**
 * Checks that an output is none of the inputs, by device and inode, so that links are recognised.
 * @param options.folderReplaced true if the output replaces a folder with all that lies inside: inputs inside are
 *   refused too
 * @param options.option option that names the output, for the error
 * @throws PxvError `USAGE` if `path` is an input, or would replace one
 */
export async function assertNotInput(
  path: string,
  inputs: readonly string[],
  { folderReplaced = false, option = '--out' } = {},
) {
  const place = resolve(path);
  const output = await identity(place);
  if (output === null) return;
  const inside = `${await realpath(place)}${sep}`;
  for (const input of inputs) {
    const isInside = folderReplaced && (await realpath(input).catch(() => '')).startsWith(inside);
    if (!isInside && (await identity(input)) !== output) continue;
    const problem = input === path ? 'the output is the input' : `the output would replace the input ${input}`;
    throw errorFactory('USAGE', 'write')(path, 'an output beside the inputs', input, `choose another ${option}`, {
      problem,
    });
  }
}

/** Returns device and inode of the file or folder that a path leads to; null if there is none. */
async function identity(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found && `${found.dev} ${found.ino}`;
}
