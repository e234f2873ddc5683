import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { scoreChain, type Chain } from '../../src/model/chain.js';
import type { Examples } from '../../src/conditioning/context/examples.js';

/** The nats of `scoreChain`, [batch, sub-pixels of all these scales]. */
export function chainNats(
  chain: Chain,
  parameters: readonly Tensor[],
  examples: Examples,
  among?: readonly number[],
): Tensor2D {
  const nats = scoreChain(chain, parameters, examples, among).map((score) => score.nats);
  return nats.length === 1 ? nats[0] : tf.concat(nats, 1);
}
