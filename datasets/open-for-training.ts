import { errorFactory } from '../src/foundation/errors.js';
import { folderShape } from './folder/folder.js';
import type { DescribedImages, Images, OpenOptions, Split, TrainingSplit } from './image-set.js';
import { mnist } from './mnist/mnist.js';
import { MovingMnist } from './moving-mnist/moving-mnist.js';
import { resolveImageSet } from './registry.js';

/** Options for opening an image set. */
export interface OpenImagesOptions extends OpenOptions {
  /** Folder of the set's files. Default: the set's folder in the cache. */
  data?: string | undefined;
}

const splits: readonly Split[] = ['train', 'validation'] satisfies TrainingSplit[];

/**
 * Opens the training or validation images of a set. Test images cannot be opened here. The caller closes the result.
 * @param name name of a data set, or path of a folder of images
 * @throws PxvError `USAGE` if there is no such set, `split` is another, or `data` comes with a folder of images;
 *   `INPUT` if the set's files are missing or wrong; `OUTPUT` if the cache cannot be written to; `RESOURCES` if its
 *   disk is too small; the signal's reason if aborted
 */
export async function openForTraining(
  name: string,
  split: TrainingSplit,
  { data, ...options }: OpenImagesOptions = {},
): Promise<Images> {
  options.signal?.throwIfAborted();
  if (!splits.includes(split)) {
    const expected = `one to learn from (${splits.join(', ')})`;
    throw errorFactory('USAGE', 'open images')('split', expected, split, 'score test images with scoreImageSet');
  }
  const { set, files } = resolveImageSet(name, data);
  return set.open(files, split, options);
}

/**
 * Opens an endless set of Moving MNIST sequences, made of MNIST's digits of a split that is for learning. The caller
 * closes the result.
 * @param seed seed of all random choices
 * @param data folder of MNIST's files; default: MNIST's folder in the cache
 * @returns sequences; without digits if the split has none, as that of validation if there are fewer than ten
 * @throws PxvError as `openForTraining` for the images of MNIST; `INPUT` if `seed` is no whole number from 0 to
 *   2^64 - 1
 */
export async function openMovingMnist(
  split: TrainingSplit,
  seed: bigint | number,
  data?: string,
): Promise<MovingMnist> {
  return new MovingMnist(await openForTraining(mnist.name, split, { data }), seed);
}

/**
 * Returns size, channels and levels of a set's training images, without decoding them.
 * @param name name of a data set, or path of a folder of images
 * @throws PxvError `USAGE` and `INPUT` as `openForTraining`
 */
export async function describeForTraining(name: string, options: OpenImagesOptions = {}): Promise<DescribedImages> {
  const { data, ...shape } = options;
  const { set, files } = resolveImageSet(name, data);
  const { size, channels, levels } = set;
  return size === null || channels === null ? folderShape(files, shape) : { size, channels, levels, note: null };
}
