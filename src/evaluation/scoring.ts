import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { chainNats, type Chain } from '../model/chain.js';
import { disposeExamples, type Examples } from '../model/examples.js';

/** Bits in one nat. */
export const BITS_PER_NAT = 1 / Math.LN2;

/**
 * -log P of each example, in nats, summed over scales and sub-pixels in float64 (an upper bound where `chain.exact` is
 * false). The examples' tensors are disposed of.
 *
 * @param weights tensors in the order of `chain.parameters`
 * @param among indices of the scales to score; undefined: all
 */
export async function natsOfExamples(
  chain: Chain,
  weights: readonly Tensor[],
  examples: Examples,
  among?: readonly number[],
): Promise<Float64Array> {
  const nats = tf.tidy(() => chainNats(chain, weights, examples, among));
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
