import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { localRegression } from '../backend/local-regression.js';
import { localRegressionFeatures, type LocalRegressionShape } from '../backend/kernels/index.js';
import { conditioningOf, type Condition } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import { subPixelScale } from './image-input.js';
import { joinedReferences, templateShape } from './template-input.js';

/** The local regression of a network; null where it has none. */
export function regressionShape(description: NetworkDescription): LocalRegressionShape | null {
  const { size, channels, levels, conditioning } = description;
  if (!conditioning.some((given) => conditioningOf(given).localRegression(given))) return null;
  const { references } = templateShape(description)!;
  return { ...size, channels, references, highest: levels - 1, gain: subPixelScale(description).gain };
}

/** Features that a network reads of what local regression makes of each pixel; 0: it has none. */
export function regressionInputFeatures(description: NetworkDescription): number {
  const shape = regressionShape(description);
  return shape === null ? 0 : localRegressionFeatures(shape);
}

/**
 * What local regression makes of each pixel of whole images, as a network reads it.
 *
 * @param image [batch, height, width, channels], in levels
 * @param sought [batch, 1, 1, 1], 0 for examples of which nothing is regressed: see `writeNothingRegressed`; null: all are
 * @returns [batch, height, width, `regressionInputFeatures`]; null for a network without it
 */
export function regressionInput(
  description: NetworkDescription,
  image: Tensor4D,
  { anchors: [expected], references }: Pick<Condition, 'anchors' | 'references'>,
  sought: Tensor4D | null = null,
): Tensor4D | null {
  const shape = regressionShape(description);
  if (shape === null) return null;
  const found = localRegression(shape, image, expected, joinedReferences(references));
  if (sought === null) return found;
  const nothing = new Float32Array(localRegressionFeatures(shape));
  writeNothingRegressed(shape, nothing);
  const absent = tf.tensor4d(nothing, [1, 1, 1, nothing.length]);
  return tf.add(tf.mul(found, sought), tf.mul(absent, tf.sub(1, sought)));
}

/** What is read of pixels of which nothing is regressed: no change to what is expected, and the largest error. */
export function writeNothingRegressed({ channels }: LocalRegressionShape, values: Float32Array): void {
  for (let at = 0; at < values.length; at++) values[at] = at % (2 * channels) < channels ? 0 : 1;
}
