import { errorFactory } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import type { ModelDescription } from './description.js';
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

/** Returns the type of the first head of a model whose outputs are no probabilities; undefined if there is none. */
function headWithoutLikelihood({ scales }: ModelDescription): string | undefined {
  return scales.find(({ head }) => !getHead(head).isLikelihood)?.head.type;
}

/**
 * Throws if a model's outputs are no probabilities of levels, so that its cost of a frame is no number of bits.
 * @param operation name of the operation in the error
 * @throws PxvError `USAGE`
 */
export function assertLikelihood(model: Model, operation: string): void {
  assertModel(model, operation);
  const head = headWithoutLikelihood(model.description);
  if (head === undefined) return;
  const received = `one with the head ${head}, a mean of grey levels`;
  throw errorFactory('USAGE', operation)(model.name, 'a model of probabilities', received, 'give another --model');
}

/** Returns a warning if the bits/dim of a model are a cross-entropy with mean levels, no likelihood; else null. */
export function crossEntropyWarning(description: ModelDescription): string | null {
  const head = headWithoutLikelihood(description);
  if (head === undefined) return null;
  return `bits/dim are a cross-entropy with the mean levels of the head ${head}: no likelihood, and no code reaches it`;
}
