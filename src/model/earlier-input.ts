import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Condition } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import { regressionInput, regressionInputFeatures } from './regression-input.js';
import { templateInput, templateInputFeatures } from './template-input.js';

/** The layers that read what is made of earlier pixels, by the layers that they are added to. */
export const EARLIER_LAYERS = { first: 'first.matched', head: 'head.matched' } as const;

/** Features that a network reads of what is made of the pixels before each pixel: templates first, then local regression; 0: none. */
export function earlierInputFeatures(description: NetworkDescription): number {
  return templateInputFeatures(description) + regressionInputFeatures(description);
}

/**
 * What is made of the pixels before each pixel of whole images, as a network reads it.
 *
 * @param image [batch, height, width, channels], in levels
 * @param sought [batch, 1, 1, 1], 0 for examples of which nothing is made: they read what stands where nothing fits; null: of all
 * @returns [batch, height, width, `earlierInputFeatures`]; null for a network without any
 */
export function earlierInput(
  description: NetworkDescription,
  image: Tensor4D,
  condition: Pick<Condition, 'anchors' | 'references'>,
  sought: Tensor4D | null = null,
): Tensor4D | null {
  const parts = [templateInput, regressionInput]
    .map((input) => input(description, image, condition, sought))
    .filter((part) => part !== null);
  return parts.length < 2 ? (parts.at(0) ?? null) : tf.concat(parts, 3);
}
