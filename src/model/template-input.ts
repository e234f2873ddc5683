import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { templateCosts, templateFeatures, type TemplateMatchingShape } from '../backend/template-shape.js';
import { templateMatching, TEMPLATES } from '../backend/template-matching.js';
import { conditioningOf, type Condition } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import type { PixelView } from './heads/index.js';
import { subPixelScale } from './image-input.js';

/** The layers that read what template matching finds, by the layers that they are added to. */
export const TEMPLATE_LAYERS = { first: 'first.matched', head: 'head.matched' } as const;

/** Whether an array of a chain is one of these layers'. */
export function isOfTemplates(name: string): boolean {
  return Object.values(TEMPLATE_LAYERS).some((layer) =>
    ['weights', 'bias'].some((array) => name.endsWith(`.${layer}.${array}`)),
  );
}

/** The templates of a network, and the pictures that they are looked for in; null where it has none. */
export function templateShape(description: NetworkDescription): TemplateMatchingShape | null {
  const { size, channels, levels, conditioning } = description;
  const references = conditioning.reduce((sum, given) => sum + conditioningOf(given).references(given), 0);
  return references === 0
    ? null
    : { ...size, channels, references, ...TEMPLATES, costs: templateCosts(channels, levels) };
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
 * What template matching finds of each pixel of whole images, as a network reads it. The pictures found, less the first
 * anchor, and the spread are multiplied by `subPixelScale`'s gain and by the square of how well the surroundings fit. The
 * costs are as they are. So what was found beside surroundings that fit nowhere, as where something was drawn wrong, counts for
 * little. Differentiable in the anchor.
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
  const { gain } = subPixelScale(description);
  const [batch, height, width] = image.shape;
  const ofReferences = tf.reshape<Rank.R5>(found, [batch, height, width, shape.references, -1]);
  const [pictures, spread, costFound, gainFound] = tf.split(ofReferences, [2 * description.channels, 1, 1, 1], 4);
  const start = tf.expandDims(tf.concat([anchors[0], anchors[0]], 3), 3);
  const kept = (found: Tensor) => (sought === null ? found : tf.mul(found, tf.expandDims(sought, 4)));
  const fit = kept(tf.sub(1, costFound));
  // Rounded once, as engines have it, where all are looked for.
  const cost = sought === null ? costFound : tf.sub(1, fit);
  const fits = tf.square(fit);
  const read = [tf.sub(pictures, start), spread].map((values) => tf.mul(tf.mul(values, gain), fits));
  return tf.reshape(tf.concat([...read, cost, kept(gainFound)], 4), [batch, height, width, -1]);
}

/** What is read of all pixels of an image of which nothing is looked for. */
export function writeNothingFound(shape: TemplateMatchingShape, values: Float32Array): void {
  const features = templateFeatures(shape);
  values.fill(0);
  for (let at = 2 * shape.channels + 1; at < values.length; at += features) values[at] = 1;
}

/**
 * The same of one pixel, in place, each step rounded to float32.
 *
 * @param gain see `subPixelScale`
 * @param values what `TemplateMatcher.match` wrote from `offset` on
 */
export function scaleTemplateInput(
  { channels, references }: TemplateMatchingShape,
  gain: number,
  { anchors, anchorsAt, anchorCount }: Pick<PixelView, 'anchors' | 'anchorsAt' | 'anchorCount'>,
  values: Float32Array,
  offset: number,
): void {
  const pictures = 2 * channels;
  for (let reference = 0, at = offset; reference < references; reference++, at += templateFeatures({ channels })) {
    const fit = Math.fround(1 - values[at + pictures + 1]);
    const fits = Math.fround(fit * fit);
    for (let k = 0; k <= pictures; k++) {
      const anchor = k < pictures ? anchors[anchorsAt + (k % channels) * anchorCount] : 0;
      values[at + k] = Math.fround(Math.fround(values[at + k] - anchor) * gain) * fits;
    }
  }
}
