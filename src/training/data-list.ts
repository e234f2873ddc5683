import { createHash } from 'node:crypto';
import { firstFew } from '../foundation/first-few.js';

/** File of the training or validation data, as recorded at the start of a training. */
export interface DataFile {
  /** Path of the file, or its name without a folder if the file belongs to a known data set. */
  path: string;
  /** Size in bytes; null if the file could not be read. */
  bytes: number | null;
  /** SHA-256 of the file in hexadecimal; null if the file could not be read. */
  sha256: string | null;
}

/** Returns the text of data.jsonl: one JSON object a line for each file, in training order. */
export function dataList(files: readonly DataFile[]): string {
  return files.map(({ path, bytes, sha256 }) => `${JSON.stringify({ path, bytes, sha256 })}\n`).join('');
}

/** Returns the SHA-256 of a text in hexadecimal. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Compares two lists of files by path and SHA-256, and returns a phrase for errors: the number of missing, changed and
 * new files, and the first three. Another phrase says that only the order differs, or that the earlier list is not
 * known.
 * @param before text of the earlier list, as `dataList` returns it; null: not known
 * @param now text of the new list
 */
export function listChanges(before: string | null, now: string): string {
  if (before === null) return 'others (the list that would tell which is not there)';
  const [earlier, later] = [before, now].map((list) => {
    const files = list.split('\n').filter(Boolean);
    return new Map(files.map((line) => JSON.parse(line) as DataFile).map(({ path, sha256 }) => [path, sha256]));
  });
  const changes = [
    ...[...earlier].flatMap(([path, sha256]) =>
      !later.has(path) ? [`${path} is gone`] : later.get(path) === sha256 ? [] : [`${path} has changed`],
    ),
    ...[...later.keys()].filter((path) => !earlier.has(path)).map((path) => `${path} is new`),
  ];
  if (changes.length === 0) return 'the same in another order';
  return `${changes.length} changed: ${firstFew(changes)}`;
}
