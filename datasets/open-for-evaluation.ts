import type { Images, Split } from './image-set.js';
import type { OpenImagesOptions } from './open-for-training.js';
import { resolveImageSet } from './registry.js';

/**
 * Opens any split, the test images too. Only scoring a finished model may call it (test/datasets/test-split.test.ts).
 *
 * @param name of a data set, or a folder of images
 * @throws {PxvError} USAGE where there is no such set; INPUT where its files are missing or wrong.
 */
export async function openForEvaluation(
  name: string,
  split: Split,
  { data, ...options }: OpenImagesOptions = {},
): Promise<Images> {
  const { set, files } = resolveImageSet(name, data);
  return set.open(files, split, options);
}
