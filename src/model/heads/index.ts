import { greySigmoid, type GreySigmoidDescription } from './grey-sigmoid.js';
import type { Head } from './head.js';
import { logisticMixture, type LogisticMixtureDescription } from './logistic-mixture.js';
import { sigmoid, type SigmoidDescription } from './sigmoid.js';
import { softmax, type SoftmaxDescription } from './softmax.js';

export type { Head };
/** Description of a head of any kind. @inline */
export type HeadDescription =
  SoftmaxDescription | SigmoidDescription | GreySigmoidDescription | LogisticMixtureDescription;

/** Registry of all kinds of head, by type; a new one is a file, and a line here and above. */
export const heads = {
  softmax,
  sigmoid,
  'grey-sigmoid': greySigmoid,
  'logistic-mixture': logisticMixture,
} as const;

/** Returns the kind of head that a description names. */
export function getHead(description: HeadDescription): Head<HeadDescription> {
  return heads[description.type];
}
