import { errorFactory } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import { assertModel, type Model } from './model.js';

/**
 * Throws if a model reads no context frames: a model of images would predict every frame without its history.
 * @param operation name of the operation in the error
 * @throws PxvError `USAGE`
 */
export function assertVideoModel(model: Model, operation: string): void {
  assertModel(model, operation);
  if (model.chain.exampleShape.context > 0) return;
  const received = 'a model of images, without context frames';
  throw errorFactory('USAGE', operation)(model.name, 'a model of video', received, 'give another --model');
}

/**
 * Throws if a model reads context frames, so that it is no model of images.
 * @param operation, remedy texts of the error
 * @throws PxvError `USAGE`
 */
export function assertImageModel(model: Model, operation: string, remedy = 'give another --model'): void {
  assertModel(model, operation);
  const { context } = model.chain.exampleShape;
  if (context === 0) return;
  const received = `one with ${pluralize(context, 'context frame')}`;
  throw errorFactory('USAGE', operation)(model.name, 'a model of images', received, remedy);
}
