import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { conditioningOf } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import { headOf } from './heads/index.js';

/** Sub-pixels lie near their anchor: this brings the difference to the range of the other inputs. */
const DIFFERENCE_GAIN = 8;

/** Whether the network reads each sub-pixel's difference to its anchor beside its level. */
function readsDifference({ head, conditioning }: NetworkDescription): boolean {
  return headOf(head).anchored && conditioning.some((given) => conditioningOf(given).anchored);
}

/** Features that the network reads for each colour channel: the scaled level, and the difference to the anchor. */
export function imageFeatures(description: NetworkDescription): number {
  return readsDifference(description) ? 2 : 1;
}

/**
 * Features of a sub-pixel: (level - middle) / middle and, where the network reads it, (level - anchor) * gain; both are
 * rounded to float32.
 */
export function subPixelScale({ levels }: NetworkDescription): { middle: number; gain: number } {
  const middle = (levels - 1) / 2;
  return { middle, gain: Math.fround(DIFFERENCE_GAIN / middle) };
}

/**
 * Writes the features of one sub-pixel: the level scaled to -1..1, and (where the network reads it) 8 times its scaled
 * difference to the anchor.
 *
 * @param into receives `imageFeatures` values from `offset` on
 */
export function writeSubPixel(
  description: NetworkDescription,
  level: number,
  anchor: number,
  into: Float32Array,
  offset: number,
): void {
  const { middle, gain } = subPixelScale(description);
  into[offset] = (level - middle) / middle;
  if (readsDifference(description)) into[offset + 1] = (level - anchor) * gain;
}

/**
 * The same for whole images: levels [batch, height, width, channels] to [batch, height, width, channels * features],
 * the features of a channel together, so that they fall into one colour group.
 */
export function imageInput(description: NetworkDescription, image: Tensor4D, anchor: Tensor4D | null): Tensor4D {
  const middle = (description.levels - 1) / 2;
  const scaled = tf.div(tf.sub(image, middle), middle);
  if (!readsDifference(description) || anchor === null) return scaled as Tensor4D;
  const difference = tf.mul(tf.sub(image, anchor), DIFFERENCE_GAIN / middle);
  const [batch, height, width] = image.shape;
  return tf.reshape(tf.stack([scaled, difference], 4), [batch, height, width, -1]);
}
