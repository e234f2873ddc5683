import type { Tensor } from '@tensorflow/tfjs-core';
import type { FrameHistory } from '../conditioning/context/examples.js';
import type { Frame } from '../foundation/frame.js';
import type { Chain } from '../model/chain.js';
import { scoreItems, sumNats, type ScoringOptions } from './scoring.js';

/**
 * Scores successive frames by teacher forcing: each is given the true frames before it, those of `history` and then
 * earlier ones of `frames`.
 * @param weights tensors in the order of the chain's parameters
 * @param history known frames before the first of `frames`; left unchanged
 * @returns nats of each frame, summed over its sub-pixels
 * @throws PxvError `INPUT` if a frame has another size than the model's; the signal's reason if aborted
 */
export async function scoreContinuation(
  chain: Chain,
  weights: readonly Tensor[],
  history: FrameHistory,
  frames: readonly Frame[],
  options: ScoringOptions = {},
): Promise<number[]> {
  const past = history.copy();
  function* inOrder() {
    for (const frame of frames) {
      yield frame;
      past.push(frame.data);
    }
  }
  const nats: number[] = [];
  const add = (buffer: Parameters<FrameHistory['addExample']>[0], { data }: Frame) => past.addExample(buffer, data);
  for await (const { nats: map } of scoreItems(chain, weights, inOrder(), add, options)) nats.push(sumNats(map));
  return nats;
}
