import { tf } from '../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { conditioningOf } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import { headOf } from './heads/index.js';

/** Sub-pixels lie near their anchors: this brings the difference to the range of the other inputs. */
const DIFFERENCE_GAIN = 8;

/** Anchors that the conditionings of a network give for each sub-pixel; 0: none. */
function givenAnchors({ conditioning }: NetworkDescription): number {
  return conditioning.reduce((sum, given) => sum + conditioningOf(given).anchors, 0);
}

/** Anchors of each sub-pixel: those that are given, or the middle level alone. */
export function anchorCount(description: NetworkDescription): number {
  return Math.max(1, givenAnchors(description));
}

/** Features of a colour channel: the scaled level and, where the head starts from given anchors, the difference to each. */
export function imageFeatures(description: NetworkDescription): number {
  return 1 + (headOf(description.head).anchored ? givenAnchors(description) : 0);
}

/** Features of a sub-pixel, in float32: (level - middle) / middle and, for each anchor read, (level - anchor) * gain. */
export function subPixelScale({ levels }: Pick<NetworkDescription, 'levels'>): { middle: number; gain: number } {
  const middle = (levels - 1) / 2;
  return { middle, gain: Math.fround(DIFFERENCE_GAIN / middle) };
}

/**
 * The features of whole images, [batch, height, width, channels * features], those of a channel together so that they
 * fall into one colour group. Differentiable in the anchors, each as large as the image.
 */
export function imageInput(description: NetworkDescription, image: Tensor4D, anchors: readonly Tensor4D[]): Tensor4D {
  const middle = (description.levels - 1) / 2;
  const scaled = tf.div<Tensor4D>(tf.sub(image, middle), middle);
  const read = anchors.slice(0, imageFeatures(description) - 1);
  if (read.length === 0) return scaled;
  const differences = read.map((anchor) => tf.mul(tf.sub(image, anchor), DIFFERENCE_GAIN / middle));
  const [batch, height, width] = image.shape;
  return tf.reshape(tf.stack([scaled, ...differences], 4), [batch, height, width, -1]);
}
