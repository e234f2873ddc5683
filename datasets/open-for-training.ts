import type { Images, OpenOptions, TrainingSplit } from './image-set.js';
import { resolveImageSet } from './registry.js';

export interface OpenImagesOptions extends OpenOptions {
  /** Folder of the set's files. Default: its folder in the cache. */
  data?: string;
}

/**
 * Opens what a model may learn from or be chosen by. There is no way to the test images here.
 *
 * @param name of a data set, or a folder of images
 * @throws {PxvError} USAGE where there is no such set; INPUT where its files are missing or wrong.
 */
export async function openForTraining(
  name: string,
  split: TrainingSplit,
  { data, ...options }: OpenImagesOptions = {},
): Promise<Images> {
  const { set, files } = resolveImageSet(name, data);
  return set.open(files, split, options);
}
