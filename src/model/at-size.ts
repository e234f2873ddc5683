import type { Size } from '../frame.js';
import { buildChain } from './chain.js';
import type { Model } from './checkpoint.js';
import { modelAtSize } from './smaller-models.js';

/**
 * A model for images of another size than it was trained at, with the same weights: no parameter depends on the size. At its
 * own size it is the model itself.
 *
 * @param size of the finest scale, 1 pixel or more each way; those of the coarser scales follow from it
 */
export function atSize(model: Model, size: Size): Model {
  const own = model.chain.exampleShape.size;
  if (size.width === own.width && size.height === own.height) return model;
  const description = modelAtSize(model.description, size);
  return { ...model, description, chain: buildChain(description) };
}
