import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { disposeExamples, type Examples } from '../model/examples.js';
import { subPixelNats, type Network } from '../model/network.js';

/** Bits in one nat. */
export const BITS_PER_NAT = 1 / Math.LN2;

/**
 * -log P of each example, in nats, summed over its sub-pixels in float64. The examples' tensors are disposed of.
 *
 * @param weights tensors in the order of `network.parameters`
 */
export async function natsOfExamples(
  network: Network,
  weights: readonly Tensor[],
  examples: Examples,
): Promise<Float64Array> {
  const nats = tf.tidy(() => subPixelNats(network, weights, examples));
  const [images, subPixels] = nats.shape;
  const values = await nats.data();
  tf.dispose(nats);
  disposeExamples(examples);
  const sums = new Float64Array(images);
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < subPixels; i++) sums[image] += values[image * subPixels + i];
  }
  return sums;
}
