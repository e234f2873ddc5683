import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { templateCosts, templateFeatures, type TemplateMatchingShape } from '../backend/kernels/index.js';
import { templateInput as inputOf } from '../backend/template-input.js';
import { templateMatching, TEMPLATES } from '../backend/template-matching.js';
import { conditioningOf, type Condition } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import { subPixelScale } from './image-input.js';

/** The templates of a network, and the pictures that they are looked for in; null where it has none. */
export function templateShape(description: NetworkDescription): TemplateMatchingShape | null {
  const { size, channels, levels, conditioning } = description;
  const references = conditioning.reduce((sum, given) => sum + conditioningOf(given).references(given), 0);
  return references === 0 ? null : { ...size, channels, references, ...TEMPLATES, ...templateCosts(channels, levels) };
}

/** Features that a network reads of what template matching finds of each pixel; 0: it has none. */
export function templateInputFeatures(description: NetworkDescription): number {
  const shape = templateShape(description);
  return shape === null ? 0 : shape.references * templateFeatures(shape);
}

/** The pictures that an image is looked for in, side by side: [batch, height, width, references * channels]. */
export function joinedReferences(references: readonly Tensor4D[]): Tensor4D {
  return tf.concat([...references], 3);
}

/**
 * What template matching finds of each pixel of whole images, as a network reads it: see kernels/template-input.ts.
 * Differentiable in the anchor.
 *
 * @param image [batch, height, width, channels], in levels
 * @param sought [batch, 1, 1, 1], 0 for examples of which nothing is looked for: they read what stands where nothing fits; null: all
 *   are looked for
 * @returns [batch, height, width, `templateInputFeatures`]; null for a network without templates
 */
export function templateInput(
  description: NetworkDescription,
  image: Tensor4D,
  { anchors, references }: Pick<Condition, 'anchors' | 'references'>,
  sought: Tensor4D | null = null,
): Tensor4D | null {
  const shape = templateShape(description);
  if (shape === null) return null;
  const found = templateMatching(shape, image, joinedReferences(references));
  return inputOf({ ...shape, gain: subPixelScale(description).gain }, found, anchors[0], sought);
}
