import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { templateFeatures, type TemplateMatchingShape } from '../backend/kernels.js';
import { templateMatching, TEMPLATES } from '../backend/template-matching.js';
import { conditioningOf, type Condition } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import type { PixelView } from './heads/index.js';
import { subPixelScale } from './image-input.js';

/** Features of each reference after the two pictures: the spread and two costs. */
const COSTS_AND_SPREAD = 3;

/** The layers that read what template matching finds, by the layers that they are added to. */
export const MATCHED = { first: 'first.matched', head: 'head.matched' } as const;

/** Whether an array of a chain is one of these layers'. */
export function isOfMatched(name: string): boolean {
  return Object.values(MATCHED).some((layer) =>
    ['weights', 'bias'].some((array) => name.endsWith(`.${layer}.${array}`)),
  );
}

/** The templates of a network, and the pictures that they are looked for in; null where it has none. */
export function templateShape(description: NetworkDescription): TemplateMatchingShape | null {
  const { size, channels, conditioning } = description;
  const references = conditioning.reduce((sum, given) => sum + (conditioningOf(given).references?.(given) ?? 0), 0);
  return references === 0 ? null : { ...size, channels, references, ...TEMPLATES };
}

/** Features that a network reads of what template matching finds of each pixel; 0: it has none. */
export function matchedFeatures(description: NetworkDescription): number {
  const shape = templateShape(description);
  return shape === null ? 0 : shape.references * templateFeatures(shape);
}

/**
 * What template matching finds of each pixel of whole images, as a network reads it: the pictures found less the first
 * anchor, and the spread, times `subPixelScale`'s gain and by how well the surroundings fit, squared; the costs as they are. So what was
 * found beside surroundings that fit nowhere, as where something drawn went wrong, counts for little. Differentiable in the anchor.
 *
 * @param image [batch, height, width, channels], in levels
 * @returns [batch, height, width, `matchedFeatures`]; null for a network without templates
 */
export function matchedInput(
  description: NetworkDescription,
  image: Tensor4D,
  { anchors, references = [] }: Pick<Condition, 'anchors' | 'references'>,
): Tensor4D | null {
  const shape = templateShape(description);
  if (shape === null) return null;
  const found = templateMatching(shape, image, references.length === 1 ? references[0] : tf.concat([...references], 3));
  const { gain } = subPixelScale(description);
  const [batch, height, width] = image.shape;
  const start = tf.concat([anchors[0], anchors[0], tf.zeros<Rank.R4>([batch, height, width, COSTS_AND_SPREAD])], 3);
  const ofReferences = tf.reshape<Rank.R5>(found, [batch, height, width, shape.references, -1]);
  const pictures = 2 * description.channels + 1;
  const [differences, costs] = tf.split(tf.sub(ofReferences, tf.expandDims(start, 3)), [pictures, 2], 4);
  const fits = tf.square(tf.sub(1, tf.slice(costs, [0, 0, 0, 0, 0], [-1, -1, -1, -1, 1])));
  const read = tf.mul(tf.mul(differences, gain), fits);
  return tf.reshape(tf.concat([read, costs], 4), [batch, height, width, -1]);
}

/** The same of one pixel, in place, each step rounded to float32. */
export function scaleMatched(
  description: NetworkDescription,
  { anchors, anchorsAt, anchorCount }: Pick<PixelView, 'anchors' | 'anchorsAt' | 'anchorCount'>,
  values: Float32Array,
  offset: number,
): void {
  const { channels } = description;
  const { gain } = subPixelScale(description);
  const features = templateFeatures({ channels });
  for (let at = offset; at < offset + matchedFeatures(description); at += features) {
    const fit = Math.fround(1 - values[at + 2 * channels + 1]);
    const fits = Math.fround(fit * fit);
    for (let k = 0; k <= 2 * channels; k++) {
      const anchor = k < 2 * channels ? anchors[anchorsAt + (k % channels) * anchorCount] : 0;
      values[at + k] = Math.fround(Math.fround(values[at + k] - anchor) * gain) * fits;
    }
  }
}
