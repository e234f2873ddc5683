import * as tf from '@tensorflow/tfjs-core';
import type { Chain } from '../../src/model/chain.js';
import { disposeExamples, type Examples } from '../../src/conditioning/context/examples.js';
import { chainNats } from './chain-nats.js';

/**
 * -log P of each example in nats, summed over scales and sub-pixels in float64. The examples' tensors are disposed of.
 */
export function natsOfExamples(chain: Chain, weights: readonly tf.Tensor[], examples: Examples): Float64Array {
  const [images] = examples.image.shape;
  const values = tf.tidy(() => chainNats(chain, weights, examples).dataSync());
  disposeExamples(examples);
  const subPixels = values.length / images;
  const sums = new Float64Array(images);
  values.forEach((value, at) => (sums[Math.floor(at / subPixels)] += value));
  return sums;
}
