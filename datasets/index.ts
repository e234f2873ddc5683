import type { ImageSetFacts } from './image-set.js';
import { imageSets as sets, getImageSet } from './registry.js';

export { cacheFolder } from './cache-folder.js';
export { getImageSet } from './get.js';
export type { Images, ImageSetFacts, OpenOptions, Split, TrainingSplit } from './image-set.js';
export { describeForTraining, openForTraining, type OpenImagesOptions } from './open-for-training.js';
export { verifyImageSet, type VerifiedSet } from './verify.js';

/** @throws {PxvError} USAGE where it is neither a data set nor a folder of images. */
export function expectImageSet(name: string): void {
  getImageSet(name);
}

/** Facts alone: opening goes through `openForTraining`, which cannot reach the test images, or the like for scoring. */
export const imageSets: readonly ImageSetFacts[] = sets;
export { listImagesBelow } from './folder/folder.js';
