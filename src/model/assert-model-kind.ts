import { errorFactory } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import { getHead } from './heads/index.js';
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

/**
 * Throws if a model's outputs are no probabilities of levels, so that its cost of a frame is no number of bits.
 * @param operation name of the operation in the error
 * @throws PxvError `USAGE`
 */
export function assertLikelihood(model: Model, operation: string): void {
  assertModel(model, operation);
  const other = model.description.scales.find(({ head }) => !getHead(head).isLikelihood);
  if (other === undefined) return;
  const received = `one with the head ${other.head.type}, a mean of grey levels`;
  throw errorFactory('USAGE', operation)(model.name, 'a model of probabilities', received, 'give another --model');
}
