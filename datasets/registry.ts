import { existsSync, statSync } from 'node:fs';
import { PxvError } from '../src/foundation/errors.js';
import { binarizedMnist } from './binarized-mnist/binarized-mnist.js';
import { cacheFolder } from './cache-folder.js';
import { cifar } from './cifar/cifar.js';
import { folder } from './folder/folder.js';
import { imagenet32, imagenet64 } from './imagenet/imagenet.js';
import type { ImageSet } from './image-set.js';
import { mnist } from './mnist/mnist.js';

export const imageSets: readonly ImageSet[] = [cifar, mnist, binarizedMnist, imagenet32, imagenet64];

/** @throws {PxvError} USAGE where there is no set of this name. */
export function findImageSet(name: string): ImageSet {
  const found = imageSets.find((set) => set.name === name);
  if (found) return found;
  throw unknown(name, 'no such name');
}

/**
 * A data set by its name, or the set that a folder of images is, and where its files are: in `data` where given, else
 * in the cache.
 *
 * @throws {PxvError} USAGE where there is no such set, INPUT where nothing is given and nothing was downloaded.
 */
export function resolveImageSet(name: string, data: string | undefined): { set: ImageSet; files: string } {
  const set = getImageSet(name);
  if (set !== folder) return { set, files: data ?? downloaded(set) };
  if (data !== undefined) throw unknown(name, `a folder, and the folder ${data} beside it`);
  return { set, files: name };
}

/** @throws {PxvError} USAGE where it is neither the name of a data set nor a folder. */
export function getImageSet(name: string): ImageSet {
  const set = imageSets.find((each) => each.name === name);
  if (set) return set;
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw unknown(name, 'no such name or folder');
}

function downloaded(set: ImageSet): string {
  const place = cacheFolder(set.name);
  if (existsSync(place)) return place;
  throw new PxvError({
    code: 'INPUT',
    operation: 'find data set',
    argument: set.name,
    expected: `its files in ${place}`,
    received: 'no such folder',
    remedy: set.files.length > 0 ? `run pxv datasets get ${set.name}, or give --data FOLDER` : 'give --data FOLDER',
  });
}

function unknown(name: string, received: string): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'find data set',
    argument: name,
    expected: `one of ${imageSets.map((set) => set.name).join(', ')}, or a folder of images`,
    received,
    remedy: 'see pxv datasets list',
  });
}
