import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorFactory, type PxvError } from '../src/foundation/errors.js';
import { computeCheckSum, formatCheckSum, readCheckSums } from './check-sums.js';
import type { CheckSum, SourceFile, Split } from './image-set.js';
import type { OpenImagesOptions } from './open-for-training.js';
import { unreadable, wrongFile } from './read-file.js';
import { downloaded, resolveImageSet, videoSets } from './registry.js';
import type { VideoSetFacts } from './video-set.js';

/** Result of verifying a data set. */
export interface VerifiedSet {
  /** Folder of the set's files. */
  folder: string;
  /**
   * Number of images and origin of each split. `official`: number of images in the official files, null if there are
   * none. No splits for videos, whose files are compared alone.
   */
  splits: { split: Split; images: number; official: number | null; origin: string }[];
  /** Names of the files whose checksum was compared and is right. */
  checkedFiles: string[];
}

const splits: readonly Split[] = ['train', 'validation', 'test'];

/**
 * Verifies a data set: opens every split of images, which checks the file formats, and compares known checksums.
 * Checksums are known from the download, or for official files. Of videos, all official files must be there.
 * @param name name of a data set, or path of a folder of images
 * @throws PxvError `USAGE` if there is no such set; `INPUT` for the first file that is missing or wrong; other errors
 *   as `openForTraining`
 */
export async function verifyDataSet(name: string, options: OpenImagesOptions = {}): Promise<VerifiedSet> {
  const { data, ...opening } = options;
  const videos = videoSets.find((set) => set.name === name);
  if (videos !== undefined) return verifyVideos(videos, data);
  const { set, files: folder } = resolveImageSet(name, data);
  const found: VerifiedSet['splits'] = [];
  for (const split of splits) {
    const images = await set.open(folder, split, opening);
    found.push({ split, images: images.count, official: set.counts?.[split] ?? null, origin: images.origin });
    images.close();
  }
  // Checksums come last, since an error of the format says more.
  const checkedFiles = await compareCheckSums(set, folder, data === undefined);
  return { folder, splits: found, checkedFiles };
}

async function verifyVideos(set: VideoSetFacts, data: string | undefined): Promise<VerifiedSet> {
  const folder = data ?? downloaded(set);
  for (const { name, bytes } of set.files) {
    const path = join(folder, name);
    const { size } = await stat(path).catch(unreadable(path));
    if (size !== bytes) throw wrongFile(path, `a file of ${bytes} bytes`, String(size));
  }
  return { folder, splits: [], checkedFiles: await compareCheckSums(set, folder, data === undefined) };
}

/**
 * Compares the files in `folder` with the checksums of the download, or with those of the official files. Returns the
 * names of the files that were compared.
 * @param isCached true if `folder` is the set's own in the cache
 */
async function compareCheckSums(
  set: { name: string; files: readonly SourceFile[] },
  folder: string,
  isCached: boolean,
): Promise<string[]> {
  const official = set.files.filter(({ unpack }) => !unpack).map((file): [string, CheckSum] => [file.name, file]);
  const recorded = await readCheckSums(folder);
  const checkedFiles: string[] = [];
  for (const [name, expected] of new Map([...official, ...(recorded ?? [])])) {
    const path = join(folder, name);
    if (!existsSync(path) && !recorded?.has(name)) continue;
    const received = existsSync(path) ? formatCheckSum(await computeCheckSum(path, expected)) : 'no such file';
    if (received !== formatCheckSum(expected)) throw changed(path, expected, received, isCached ? set.name : null);
    checkedFiles.push(name);
  }
  return checkedFiles;
}

/**
 * Returns the error for a wrong checksum.
 * @param cached name of the set if its folder in the cache was read; null for a user's own folder
 */
function changed(path: string, expected: CheckSum, received: string, cached: string | null): PxvError {
  const remedy =
    cached === null
      ? 'get the official file, or keep this one if it was only repacked: its format is right, and ' +
        'only this command checks the checksum'
      : `delete its folder and run pxv datasets get ${cached}`;
  return errorFactory('INPUT', 'verify data set')(path, `the ${formatCheckSum(expected)}`, received, remedy);
}
