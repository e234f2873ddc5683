import { existsSync, statSync } from 'node:fs';
import { errorFactory, type PxvError } from '../src/foundation/errors.js';
import { binarizedMnist } from './binarized-mnist/binarized-mnist.js';
import { cacheFolder } from './cache-folder.js';
import { cifar } from './cifar/cifar.js';
import { folder } from './folder/folder.js';
import { imagenet32, imagenet64 } from './imagenet/imagenet.js';
import type { ImageSet } from './image-set.js';
import { mnist } from './mnist/mnist.js';
import { movingMnist } from './moving-mnist/moving-mnist.js';
import type { VideoSetFacts } from './video-set.js';

const FINDING = 'find data set';
const misnamed = errorFactory('USAGE', FINDING);
const SEE_LIST = 'see pxv datasets list';

/** All data sets of images with a name, in the order in which they are listed. */
export const imageSets: readonly ImageSet[] = [cifar, mnist, binarizedMnist, imagenet32, imagenet64];

/** All data sets of videos, in the order in which they are listed. */
export const videoSets: readonly VideoSetFacts[] = [movingMnist];

/**
 * Returns the facts about the data set of images or videos with the name `name`. A path of a folder of images is not a
 * name.
 * @throws PxvError `USAGE` if no data set has the name
 */
export function findDataSet(name: string): ImageSet | VideoSetFacts {
  const sets = [...imageSets, ...videoSets];
  const found = sets.find((set) => set.name === name);
  if (found) return found;
  throw misnamed(name, `one of ${sets.map((set) => set.name).join(', ')}`, 'no such name', SEE_LIST);
}

/**
 * Returns a data set by name, or the set for the path of a folder of images, and the folder of its files (`files`). The
 * files of a named set lie in `data` if given, else in the cache.
 * @throws PxvError `USAGE` if there is no such set, or `data` comes with a folder of images; `INPUT` if `data` is not
 *   given and the set was not downloaded
 */
export function resolveImageSet(name: string, data: string | undefined): { set: ImageSet; files: string } {
  const set = getImageSet(name);
  if (set !== folder) return { set, files: data ?? downloaded(set) };
  if (data !== undefined) throw unknown(name, `a folder, and the folder ${data} beside it`);
  return { set, files: name };
}

/**
 * Returns a data set by name, or the set of any images if `name` is the path of a folder.
 * @throws PxvError `USAGE` if `name` is neither a data set nor a folder
 */
export function getImageSet(name: string): ImageSet {
  const set = imageSets.find((each) => each.name === name);
  if (set) return set;
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw unknown(name, 'no such name or folder');
}

/**
 * Returns the folder in the cache that a data set was downloaded to.
 * @throws PxvError `INPUT` if the folder is missing
 */
export function downloaded(set: Pick<ImageSet, 'name' | 'files'>): string {
  const place = cacheFolder(set.name);
  if (existsSync(place)) return place;
  const remedy =
    set.files.length > 0 ? `run pxv datasets get ${set.name}, or give --data FOLDER` : 'give --data FOLDER';
  throw errorFactory('INPUT', FINDING)(set.name, `its files in ${place}`, 'no such folder', remedy);
}

function unknown(name: string, received: string): PxvError {
  const expected = `one of ${imageSets.map((set) => set.name).join(', ')}, or a folder of images`;
  return misnamed(name, expected, received, SEE_LIST);
}
