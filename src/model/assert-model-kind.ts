import { errorFactory } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import { assertModel, type Model } from './model.js';

/**
 * Makes sure that a model is told the previous frames: one of images would draw every frame as if nothing came before.
 * @throws PxvError `USAGE` where it is not
 */
export function assertVideoModel(model: Model, operation: string): void {
  assertModel(model, operation);
  if (model.chain.exampleShape.context > 0) return;
  const received = 'one of images, which is given no previous frames';
  throw errorFactory('USAGE', operation)(model.name, 'a model of video', received, 'give another --model');
}

/** Makes sure that a model is told no previous frames. @throws PxvError `USAGE` where it is */
export function assertImageModel(model: Model, operation: string, remedy = 'give another --model'): void {
  assertModel(model, operation);
  const { context } = model.chain.exampleShape;
  if (context === 0) return;
  const received = `one that is given ${pluralize(context, 'previous frame')}`;
  throw errorFactory('USAGE', operation)(model.name, 'a model of images', received, remedy);
}
