import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PxvError } from '../src/foundation/errors.js';
import { sha256 } from '../src/foundation/sha256.js';
import { readCheckSums } from './check-sums.js';
import type { Split } from './image-set.js';
import type { OpenImagesOptions } from './open-for-training.js';
import { resolveImageSet } from './registry.js';

/** Result of verifying a data set. */
export interface VerifiedSet {
  /** Folder of the set's files. */
  folder: string;
  /**
   * Number of images and origin of each split. `official`: number of images in the official files, null if there are
   * none.
   */
  splits: { split: Split; images: number; official: number | null; origin: string }[];
  /** Names of the files whose SHA-256 was compared and is right. */
  checkedFiles: string[];
}

const splits: readonly Split[] = ['train', 'validation', 'test'];

/**
 * Verifies a data set: opens every split, which checks the file formats, and compares known checksums. Checksums are
 * known from the download, or for official files.
 * @param name name of a data set, or path of a folder of images
 * @throws {PxvError} USAGE if there is no such set, INPUT for the first file that is missing or wrong; other errors as
 *   `openForTraining`.
 */
export async function verifyImageSet(name: string, options: OpenImagesOptions = {}): Promise<VerifiedSet> {
  const { data, ...opening } = options;
  const { set, files: folder } = resolveImageSet(name, data);
  const official = set.files.filter(({ unpack }) => !unpack).map(({ name, sha256 }) => [name, sha256] as const);
  const downloaded = await readCheckSums(folder);
  const sums = new Map([...official, ...(downloaded ?? [])]);
  const found: VerifiedSet['splits'] = [];
  for (const split of splits) {
    const images = await set.open(folder, split, opening);
    found.push({ split, images: images.count, official: set.counts?.[split] ?? null, origin: images.origin });
    images.close();
  }
  // Checksums come last, since an error of the format says more.
  const checkedFiles: string[] = [];
  for (const [name, expected] of sums) {
    const path = join(folder, name);
    if (!existsSync(path) && !downloaded?.has(name)) continue;
    const received = existsSync(path) ? await sha256(path) : 'no such file';
    if (received !== expected) throw changed(path, expected, received, data === undefined ? set.name : null);
    checkedFiles.push(name);
  }
  return { folder, splits: found, checkedFiles };
}

/**
 * Returns the error for a wrong checksum.
 * @param cached name of the set if its folder in the cache was read; null for a user's own folder
 */
function changed(path: string, expected: string, received: string, cached: string | null): PxvError {
  return new PxvError({
    code: 'INPUT',
    operation: 'verify data set',
    argument: path,
    expected: `the SHA-256 ${expected}`,
    received,
    remedy:
      cached === null
        ? 'get the official file, or keep this one if it was only repacked: its format is right, and ' +
          'only this command checks the checksum'
        : `delete its folder and run pxv datasets get ${cached}`,
  });
}
