import { errorFactory } from '../foundation/errors.js';
import type { Size } from '../foundation/frame.js';
import { buildChain } from './chain.js';
import type { Model } from './model.js';
import { resizeDescription } from './resize-description.js';

/**
 * Returns a model for images of another size, with the same weights; returns `model` itself if the size is its own.
 * @param size size of the finest scale, in pixels
 * @throws PxvError `USAGE` if a side is not a whole number of 1 or more
 */
export function resizeModel(model: Model, size: Size): Model {
  const { width, height } = size;
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1)) {
    const expected = 'a width and a height in whole pixels, 1 or more';
    throw errorFactory('USAGE', 'resize model')('size', expected, `${width}x${height}`, 'give another size');
  }
  const own = model.chain.exampleShape.size;
  if (width === own.width && height === own.height) return model;
  const description = resizeDescription(model.description, { width, height });
  return { ...model, description, chain: buildChain(description) };
}
