import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../src/foundation/sha256.js';
import { wrongFile } from './read-file.js';

/** Made when the files were, in the format of `sha256sum -c`. */
const fileName = 'SHA256SUMS';

/** Writes down the checksums of all files in a folder. */
export async function writeCheckSums(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of (await readdir(folder)).sort()) lines.push(`${await sha256(join(folder, name))}  ${name}\n`);
  await writeFile(join(folder, fileName), lines.join(''));
}

/** What a folder says of the checksums of its files, by name; null where it says nothing. */
export async function readCheckSums(folder: string): Promise<Map<string, string> | null> {
  const path = join(folder, fileName);
  if (!existsSync(path)) return null;
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [, sum, name] = /^([0-9a-f]{64}) [ *]([^/\\]+)$/.exec(line) ?? [];
      if (!name) throw wrongFile(path, 'lines of a SHA-256 and a name', JSON.stringify(line));
      return [name, sum];
    }),
  );
}
