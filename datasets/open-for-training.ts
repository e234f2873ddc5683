import { PxvError } from '../src/foundation/errors.js';
import { folderShape } from './folder/folder.js';
import type { DescribedImages, Images, OpenOptions, Split, TrainingSplit } from './image-set.js';
import { resolveImageSet } from './registry.js';

/** How images are opened: from where, and, for a set of any size, at what size and in what colours. */
export interface OpenImagesOptions extends OpenOptions {
  /** Folder of the set's files. Default: its folder in the cache. */
  data?: string | undefined;
}

const splits: readonly Split[] = ['train', 'validation'] satisfies TrainingSplit[];

/**
 * Opens what a model may learn from or be chosen by. There is no way to the test images here.
 *
 * @param name of a data set, or a folder of images
 * @throws {PxvError} USAGE where there is no such set or the split is another; INPUT where its files are missing or wrong.
 */
export async function openForTraining(
  name: string,
  split: TrainingSplit,
  { data, ...options }: OpenImagesOptions = {},
): Promise<Images> {
  if (!splits.includes(split)) throw noTrainingSplit(split);
  const { set, files } = resolveImageSet(name, data);
  return set.open(files, split, options);
}

/**
 * What the images to learn from will be, without decoding any.
 *
 * @throws {PxvError} as `openForTraining`
 */
export async function describeForTraining(name: string, options: OpenImagesOptions = {}): Promise<DescribedImages> {
  const { data, ...shape } = options;
  const { set, files } = resolveImageSet(name, data);
  const { size, channels, levels } = set;
  return size === null || channels === null ? folderShape(files, shape) : { size, channels, levels, note: null };
}

function noTrainingSplit(split: string): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'open images',
    argument: 'split',
    expected: `one to learn from (${splits.join(', ')})`,
    received: split,
    remedy: 'score test images with scoreImageSet',
  });
}
