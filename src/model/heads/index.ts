import { headOutputs, headTypes, type HeadType, type MixtureNumbers } from '../../backend/kernels/heads.js';
import { greySigmoid, type GreySigmoidDescription } from './grey-sigmoid.js';
import type { Head } from './head.js';
import { logisticMixture, type LogisticMixtureDescription } from './logistic-mixture.js';
import { sigmoid, type SigmoidDescription } from './sigmoid.js';
import { softmax, type SoftmaxDescription } from './softmax.js';

/** Description of a head of any kind. @inline */
export type HeadDescription =
  SoftmaxDescription | SigmoidDescription | GreySigmoidDescription | LogisticMixtureDescription;

/** Registry of all kinds of head, by type; a new one is a file, a line here and above, and one of `headKernels`. */
export const heads = {
  'logistic-mixture': logisticMixture,
  softmax,
  sigmoid,
  'grey-sigmoid': greySigmoid,
} as const satisfies Record<HeadType, unknown>;

/** Scalar arguments of a head without a mixture. */
const NO_MIXTURE: MixtureNumbers = { components: 0, meanScale: 0, together: false };

/** Returns the kind of head that a description names. */
export function getHead(description: HeadDescription): Head<HeadDescription> {
  return heads[description.type];
}

/** Returns the scalar arguments by which kernels compute the distributions of a head. */
export function headNumbers(description: HeadDescription): MixtureNumbers & { headKind: number } {
  const mixture = getHead(description).mixture?.(description) ?? NO_MIXTURE;
  return { headKind: headTypes.indexOf(description.type), ...mixture };
}

/** Returns the number of outputs of the network for each colour of a pixel, in order. */
export function countHeadOutputs(description: HeadDescription, levels: number, channels: number): number[] {
  return headOutputs(description.type, { ...headNumbers(description), levels, colours: channels });
}
