import { errorsOf } from '../foundation/errors.js';
import { numberOf } from '../foundation/number-of.js';
import { expectModel, type Model } from './model.js';

/**
 * Makes sure that a model is told the previous frames: one of images would draw every frame as if nothing came before.
 * @throws PxvError `USAGE` where it is not
 */
export function expectVideoModel(model: Model, operation: string): void {
  expectModel(model, operation);
  if (model.chain.exampleShape.context > 0) return;
  const received = 'one of images, which is given no previous frames';
  throw errorsOf('USAGE', operation)(model.name, 'a model of video', received, 'give another --model');
}

/** Makes sure that a model is told no previous frames. @throws PxvError `USAGE` where it is */
export function expectImageModel(model: Model, operation: string, remedy = 'give another --model'): void {
  expectModel(model, operation);
  const { context } = model.chain.exampleShape;
  if (context === 0) return;
  const received = `one that is given ${numberOf(context, 'previous frame')}`;
  throw errorsOf('USAGE', operation)(model.name, 'a model of images', received, remedy);
}
