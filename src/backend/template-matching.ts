import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { TemplateMatchingShape } from './kernels/index.js';
import { runWithoutGradient } from './operation.js';

/** How far templates are looked for, and how large they are. */
export const TEMPLATES = { reach: 6, margin: 3 } as const satisfies Partial<TemplateMatchingShape>;

/**
 * What the pixels before each pixel say of where its surroundings came from: see kernels/template-matching.ts. It is a choice
 * among places, and so has no gradient.
 *
 * @param image [batch, height, width, channels], in levels
 * @param references [batch, height, width, references * channels], in levels
 * @returns [batch, height, width, references * `templateFeatures`]
 */
export function templateMatching(shape: TemplateMatchingShape, image: Tensor4D, references: Tensor4D): Tensor4D {
  return runWithoutGradient('templateMatching', { ...shape, batch: image.shape[0] }, { image, references });
}
