import type { DataType, RunConfiguration } from '../../training/configuration.js';
import { clipSource } from './clip-data-source.js';
import { imageSource } from './image-data-source.js';
import { movingMnistSource } from './moving-mnist-data-source.js';
import type { DataSource } from './data-source.js';

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
