import { basename } from 'node:path';
import { imageSets, openForTraining, type Images, type TrainingSplit } from '../../../datasets/index.js';
import { uniformBitsPerDim } from '../../evaluation/baselines.js';
import type { ImagesConfiguration } from '../../training/configuration.js';
import { createImageTrainingData } from '../../training/image-batches.js';
import { openSplits, otherShape, type DataRequest, type DataSource, type LocatedData } from './data-source.js';
import type { ImageDataInfo } from './options.js';

/** Images as training data: a data set, or a folder of images. */
export const imageSource: DataSource<ImagesConfiguration> = {
  find: findImageData,
  async count(chain, { set, folder }) {
    const { size, channels } = chain.exampleShape;
    const images = await openForTraining(set, 'train', { size, channels, data: folder ?? undefined });
    const { count } = images;
    images.close();
    return { unit: 'images', count };
  },
  inputs: ({ set, folder }) => (folder !== null ? [folder] : isNamedSet(set) ? [] : [set]),
  hasFixedSize: ({ set }) => isNamedSet(set),
};

const isNamedSet = (set: string) => imageSets.some(({ name }) => name === set);

/**
 * Finds the training and validation images of a data set or a folder, and returns them for opening. Test images are
 * never read. The caller closes the result.
 * @throws PxvError as `openForTraining`; `USAGE` if the images have another size or other channels than the model
 */
async function findImageData(asked: DataRequest<ImagesConfiguration>): Promise<LocatedData<ImageDataInfo>> {
  const { chain, data, training, hooks } = asked;
  const { set, folder } = data;
  const { size, channels, levels } = chain.exampleShape;
  const open = async (split: TrainingSplit): Promise<Images> => {
    const images = await openForTraining(set, split, {
      size,
      channels,
      data: folder ?? undefined,
      signal: hooks.signal,
      onProgress: (done, total) => hooks.onDecode?.({ unit: 'images', done, total, name: set }),
    });
    const { width, height } = images;
    const error = otherShape(chain, set, 'images', { size: { width, height }, channels: images.channels });
    if (error === null) return images;
    images.close();
    throw error;
  };
  const { learnt, held, close } = await openSplits(open);
  // The folder of a data set may have moved when the training is resumed.
  const files = [...new Set([...learnt.files, ...held.files])];
  return {
    files: files.map((path) => ({ name: isNamedSet(set) ? basename(path) : path, path })),
    open: () => ({
      data: createImageTrainingData(chain, learnt, held.count > 0 ? held : null, training),
      facts: {
        images: learnt.count,
        validationImages: held.count,
        origin: learnt.origin,
        baselines: { uniform: uniformBitsPerDim(levels) },
      },
    }),
    close,
  };
}
