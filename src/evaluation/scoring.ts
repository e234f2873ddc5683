import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { chainNats, type Chain } from '../model/chain.js';
import { disposeExamples, type Examples } from '../model/examples.js';

/** Bits in one nat. */
export const BITS_PER_NAT = 1 / Math.LN2;

/**
 * -log P of every sub-pixel of some examples, in nats, as `chainNats` has them. The examples' tensors are disposed of.
 *
 * @param weights tensors in the order of `chain.parameters`
 * @param among indices of the scales to score; undefined: all
 * @returns [examples, sub-pixels of all these scales]
 */
export async function subPixelNatsOfExamples(
  chain: Chain,
  weights: readonly Tensor[],
  examples: Examples,
  among?: readonly number[],
): Promise<Float32Array> {
  const nats = tf.tidy(() => chainNats(chain, weights, examples, among));
  const values = (await nats.data()) as Float32Array;
  tf.dispose(nats);
  disposeExamples(examples);
  return values;
}

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
  const [images] = examples.image.shape;
  const values = await subPixelNatsOfExamples(chain, weights, examples, among);
  const subPixels = values.length / images;
  const sums = new Float64Array(images);
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < subPixels; i++) sums[image] += values[image * subPixels + i];
  }
  return sums;
}
