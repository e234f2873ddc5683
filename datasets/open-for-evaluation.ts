import type { Images, Split } from './image-set.js';
import type { OpenImagesOptions } from './open-for-training.js';
import { resolveImageSet } from './registry.js';

/**
 * Opens any split of an image set, test images included. Only the scoring of a finished model may call this function
 * (test/datasets/test-split.test.ts). The caller closes the result.
 * @param name name of a data set, or path of a folder of images
 * @throws PxvError as `openForTraining`, for any split
 */
export async function openForEvaluation(
  name: string,
  split: Split,
  { data, ...options }: OpenImagesOptions = {},
): Promise<Images> {
  const { set, files } = resolveImageSet(name, data);
  return set.open(files, split, options);
}
