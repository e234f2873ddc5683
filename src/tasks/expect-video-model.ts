import { PxvError } from '../foundation/errors.js';
import { expectModel, type Model } from '../model/checkpoint.js';

/**
 * Makes sure that a model is told the previous frames: one of images would draw every frame as if nothing came before.
 *
 * @throws PxvError `USAGE` where it is not
 */
export function expectVideoModel(model: Model, operation: string): void {
  expectModel(model, operation);
  const { name, chain } = model;
  if (chain.exampleShape.context > 0) return;
  throw new PxvError({
    code: 'USAGE',
    operation,
    argument: name,
    expected: 'a model of video',
    received: 'one of images, which is given no previous frames',
    remedy: 'give another --model',
  });
}
