import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { md5, sha256 } from '../src/foundation/sha256.js';
import type { CheckSum } from './image-set.js';
import { wrongFile } from './read-file.js';

/** File of checksums, written with the data set's files, in the format of `sha256sum -c`. */
const fileName = 'SHA256SUMS';

/** Returns a checksum in words, such as `SHA-256 440f...`. */
export function formatCheckSum(sum: CheckSum): string {
  return 'md5' in sum ? `MD5 ${sum.md5}` : `SHA-256 ${sum.sha256}`;
}

/** Computes the checksum of a file by the algorithm of `official`. */
export async function computeCheckSum(path: string, official: CheckSum): Promise<CheckSum> {
  return 'md5' in official ? { md5: await md5(path) } : { sha256: await sha256(path) };
}

/** Writes the SHA-256 of all files in a folder to its file `SHA256SUMS`, in the format of `sha256sum -c`. */
export async function writeCheckSums(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of (await readdir(folder)).sort()) lines.push(`${await sha256(join(folder, name))}  ${name}\n`);
  await writeFile(join(folder, fileName), lines.join(''));
}

/**
 * Returns the SHA-256 of each file by name, from a folder's `SHA256SUMS`; null if there is no such file.
 * @throws PxvError `INPUT` if a line is malformed
 */
export async function readCheckSums(folder: string): Promise<Map<string, CheckSum> | null> {
  const path = join(folder, fileName);
  if (!existsSync(path)) return null;
  return parseCheckSums(await readFile(path, 'utf8'), path);
}

/**
 * Returns the SHA-256 of each file by name, from the text of a file `SHA256SUMS`.
 * @param path name of the file in errors
 * @throws PxvError `INPUT` if a line is malformed
 */
export function parseCheckSums(text: string, path: string): Map<string, CheckSum> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [, sum, name] = /^([0-9a-f]{64}) [ *]([^/\\]+)$/.exec(line) ?? [];
      if (!name) throw wrongFile(path, 'lines of a SHA-256 and a name', JSON.stringify(line));
      return [name, { sha256: sum }];
    }),
  );
}
