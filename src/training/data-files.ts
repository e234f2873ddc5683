import { createHash } from 'node:crypto';
import { z } from 'zod';
import { firstFew } from '../foundation/first-few.js';

/** A file that is learnt from or validated on, as it was when a training began. */
export interface DataFile {
  path: string;
  /** Null where it could not be read. */
  bytes: number | null;
  /** Of its bytes, in hexadecimal; null where it could not be read. */
  sha256: string | null;
}

/** What a training was given, so that a resumed one can tell whether it is given the same: SHA-256 in hexadecimal. */
export const dataHashesSchema = z.strictObject({
  /** Hash of the list of files (`dataList`); null before the files were found. */
  files: z.string().nullable(),
  /** Hash of the frames that were decoded from them; null where nothing is decoded, or was not yet. */
  frames: z.string().nullable(),
  /** Hash of what is held out, of its frames or of the list of all files; null before the data were opened. */
  validation: z.string().nullable(),
});

export type DataHashes = z.infer<typeof dataHashesSchema>;

/** Hashes of a training whose data were not found yet. */
export const noDataHashes: DataHashes = { files: null, frames: null, validation: null };

/** The text of data.jsonl: an object a line for each file, in the order in which they are learnt from. */
export function dataList(files: readonly DataFile[]): string {
  return files.map(({ path, bytes, sha256 }) => `${JSON.stringify({ path, bytes, sha256 })}\n`).join('');
}

/** Of a text, in hexadecimal. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** How many files of a list differ from an earlier one's, and the first few by name. @param before null: not known any more */
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
