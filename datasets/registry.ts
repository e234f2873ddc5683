import { existsSync } from 'node:fs';
import { PxvError } from '../src/errors.js';
import { binarizedMnist } from './binarized-mnist/binarized-mnist.js';
import { cacheFolder } from './cache-folder.js';
import { cifar } from './cifar/cifar.js';
import { dynamicMnist } from './dynamic-mnist/dynamic-mnist.js';
import type { ImageSet } from './image-set.js';
import { mnist } from './mnist/mnist.js';

export const imageSets: readonly ImageSet[] = [cifar, mnist, binarizedMnist, dynamicMnist];

/** @throws {PxvError} USAGE where there is no set of this name. */
export function findImageSet(name: string): ImageSet {
  const found = imageSets.find((set) => set.name === name);
  if (found) return found;
  throw new PxvError({
    code: 'USAGE',
    operation: 'find data set',
    argument: name,
    expected: `one of ${imageSets.map((set) => set.name).join(', ')}`,
    received: 'no such name',
    remedy: 'see pxv datasets list',
  });
}

/**
 * Where the files of a set are: in `data` where given, else in the cache.
 *
 * @throws {PxvError} INPUT where nothing is given and nothing was downloaded.
 */
export function folderOf(set: ImageSet, data: string | undefined): string {
  if (data !== undefined) return data;
  const folder = cacheFolder(set.cacheName);
  if (existsSync(folder)) return folder;
  throw new PxvError({
    code: 'INPUT',
    operation: 'read data set',
    argument: set.name,
    expected: `its files in ${folder}`,
    received: 'no such folder',
    remedy: set.files.length > 0 ? `run pxv datasets get ${set.name}, or give --data FOLDER` : 'give --data FOLDER',
  });
}
