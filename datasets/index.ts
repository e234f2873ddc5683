import type { ImageSetFacts } from './image-set.js';
import { imageSets as sets, getImageSet } from './registry.js';

export { cacheFolder } from './cache-folder.js';
export { downloadDataSet } from './get.js';
export type { Images, ImageSetFacts, OpenOptions, Split, TrainingSplit } from './image-set.js';
export { describeForTraining, openForTraining, openMovingMnist, type OpenImagesOptions } from './open-for-training.js';
export { verifyDataSet, type VerifiedSet } from './verify.js';

/**
 * Checks that `name` is the name of a data set or the path of a folder. The folder's contents are not checked.
 * @throws PxvError `USAGE` if not
 */
export function assertImageSet(name: string): void {
  getImageSet(name);
}

/**
 * Facts about all data sets of the registry. `openForTraining` opens their training and validation images; test images
 * are open to scoring alone.
 */
export const imageSets: readonly ImageSetFacts[] = sets;
export { listImagesBelow } from './folder/folder.js';
export { movingMnist, type MovingMnist } from './moving-mnist/moving-mnist.js';
export { videoSets } from './registry.js';
