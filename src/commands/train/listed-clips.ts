import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorFactory } from '../../foundation/errors.js';
import { firstFew } from '../../foundation/first-few.js';
import { pluralize } from '../../foundation/pluralize.js';
import { sha256 } from '../../foundation/sha256.js';
import { listClips } from '../../video/index.js';

/** Clip in a list beside a recipe. */
interface ListedClip {
  /** Name of the file, without a folder. */
  file: string;
  /** SHA-256 of the file in hexadecimal. */
  sha256: string;
  /** Use of the clip: for training, or for validation. */
  use: 'learn' | 'validate';
}

const COLUMNS = ['file', 'sha256', 'use'] as const;

/**
 * Returns the clips among `paths` that a list names, after comparing their SHA-256. Clips that are not listed are
 * skipped.
 * @param list file of tab-separated values whose first line names the columns. Among them are `file` (name without
 *   folder), `sha256`, and `use` ('learn' or 'validate')
 * @param paths files or folders, as for `listClips`
 * @returns paths of the clips for training and for validation, in the order of the list
 * @throws PxvError `INPUT` if the list cannot be read, or a listed clip is missing or has other bytes
 */
export async function resolveListedClips(
  list: string,
  paths: readonly string[],
): Promise<{ frames: string[]; validate: string[] }> {
  const listed = await readList(list);
  const names = new Set(listed.map(({ file }) => file));
  const found = new Map<string, string>();
  const others = new Set<string>();
  for (const { path } of await listClips(paths)) {
    const name = basename(path);
    if (!names.has(name) || found.has(name)) continue;
    const [{ sha256: expected }] = listed.filter(({ file }) => file === name);
    // A folder of images or an unreadable file is not the listed clip.
    const sum = await sha256(path).catch(() => null);
    if (sum === expected) found.set(name, path);
    else others.add(name);
  }
  const missing = listed.flatMap(({ file }) =>
    found.has(file) ? [] : [others.has(file) ? `${file} has other bytes` : `${file} is missing`],
  );
  if (missing.length > 0) {
    const expected = `the ${pluralize(listed.length, 'clip')} of ${list}`;
    const received = `${found.size} of them: ${firstFew(missing)}`;
    const remedy = 'the list says where each can be had';
    throw errorFactory('INPUT', 'find listed clips')(paths.join(', '), expected, received, remedy);
  }
  const of = (use: ListedClip['use']) => listed.filter((clip) => clip.use === use).map(({ file }) => found.get(file)!);
  return { frames: of('learn'), validate: of('validate') };
}

async function readList(path: string): Promise<ListedClip[]> {
  const uses = "of clips to learn from ('learn') or to validate on ('validate')";
  const expected = `tab-separated values under ${COLUMNS.join(', ')}, ${uses}`;
  const remedy = "correct data.list in the configuration, or the list's file";
  const wrong = (received: string) => errorFactory('INPUT', 'read list of clips')(path, expected, received, remedy);
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw wrong(cause.message);
  });
  const [titles, ...rows] = text
    .split(/\r?\n/)
    .filter(Boolean)
    .map((line) => line.split('\t'));
  const places = COLUMNS.map((name) => titles?.indexOf(name) ?? -1);
  if (places.includes(-1)) throw wrong('other columns');
  const listed = rows.map((row) => {
    const [file, sum, use] = places.map((at) => row[at] ?? '');
    if (!/^[0-9a-f]{64}$/.test(sum) || (use !== 'learn' && use !== 'validate')) throw wrong(`'${row.join(' ')}'`);
    return { file, sha256: sum, use } as const;
  });
  if (listed.every(({ use }) => use !== 'learn')) throw wrong('none to learn from');
  return listed;
}
