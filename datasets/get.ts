import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorFactory } from '../src/foundation/errors.js';
import { makeFolder } from '../src/foundation/make-folder.js';
import { writeFailure } from '../src/foundation/write-file.js';
import { cacheFolder, otherCache, writeToCache } from './cache-folder.js';
import { writeCheckSums } from './check-sums.js';
import { download, type DownloadOptions } from './download.js';
import type { ImageSetFacts } from './image-set.js';
import { findDataSet } from './registry.js';

const GETTING = 'get data set';

/** Folder of a downloaded data set. */
export interface DownloadedSet {
  /** Path of the folder. */
  folder: string;
  /** True if the folder was in the cache before, and nothing was downloaded or verified. */
  alreadyThere: boolean;
}

/**
 * Downloads a data set of images or videos into its folder in the cache, atomically. Partial files stay in a folder
 * with the ending `.partial`, and the next call resumes their download.
 * @throws PxvError `USAGE` if there is no such set; `INPUT` if the set has no public address, or a file is unavailable
 *   or wrong; `OUTPUT` if the cache cannot be written to; the signal's reason if aborted
 */
export async function downloadDataSet(name: string, options?: DownloadOptions): Promise<DownloadedSet> {
  return downloadFiles(findDataSet(name), options);
}

/**
 * Downloads a data set as `downloadDataSet` does; `set` need not be in the registry.
 * @throws PxvError `INPUT`, `OUTPUT` and the signal's reason as `downloadDataSet`
 */
export async function downloadFiles(
  set: Pick<ImageSetFacts, 'name' | 'files'>,
  options?: DownloadOptions,
): Promise<DownloadedSet> {
  const folder = cacheFolder(set.name);
  if (existsSync(folder)) return { folder, alreadyThere: true };
  if (set.files.length === 0) {
    const remedy = 'get its files as its README says, and give their folder with --data';
    throw errorFactory('INPUT', GETTING)(set.name, 'a set with a public address', 'one without', remedy);
  }
  const partial = `${folder}.partial`;
  try {
    makeFolder(partial);
  } catch (cause) {
    throw writeFailure(partial, cause, { operation: GETTING, remedy: otherCache });
  }
  for (const file of set.files) await download(file, join(partial, file.name), options);
  // The module that reads archives is loaded only here.
  const { unpackTarGz } = await import('./unpack.js');
  await writeToCache(folder, async (temporary) => {
    await mkdir(temporary);
    for (const { name, unpack } of set.files) {
      if (unpack) await unpackTarGz(join(partial, name), temporary, unpack);
      else await rename(join(partial, name), join(temporary, name));
    }
    await writeCheckSums(temporary);
  });
  await rm(partial, { recursive: true });
  return { folder, alreadyThere: false };
}
