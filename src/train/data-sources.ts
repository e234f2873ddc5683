import type { DataType, RunConfiguration } from '../training/configuration.js';
import { clipSource } from './find-clip-data.js';
import { imageSource } from './find-image-data.js';
import { movingMnistSource } from './find-moving-mnist.js';
import type { DataSource } from './training-data.js';

type DataOf<Type extends DataType> = Extract<RunConfiguration['data'], { type: Type }>;

/** Registry of the kinds of training data, by the `type` of their settings. */
const sources: { [Type in DataType]: DataSource<DataOf<Type>> } = {
  clips: clipSource,
  images: imageSource,
  'moving-mnist': movingMnistSource,
};

/** Returns the kind of a training's data. */
export function dataSourceOf<Type extends DataType>({ type }: { type: Type }): DataSource<DataOf<Type>> {
  return sources[type];
}
