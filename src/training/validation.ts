import type { Tensor } from '@tensorflow/tfjs-core';
import { BITS_PER_NAT, scoreEach, sumOfNats } from '../evaluation/scoring.js';
import { dimensions, type Chain } from '../model/chain.js';
import { frameBytes, type ExampleBuffer } from '../model/examples.js';
import { Philox, purposes } from '../foundation/philox.js';
import type { ClipStore } from './random-frames.js';

/** What is held out, scored. */
export interface Validation {
  /** Updates done. */
  step: number;
  bitsPerDim: number;
}

/** Which of so many clips are held out where none are named for validation: one in ten, at least one where there are three. */
export function heldOutClips(clips: number, seed: bigint): number[] {
  const count = clips < 3 ? 0 : Math.max(1, Math.round(clips / 10));
  const philox = new Philox(seed);
  const rank = (clip: number) => philox.uniform(clip, 0, 0, purposes.heldOutClips);
  const order = Array.from({ length: clips }, (_, clip) => clip).sort((a, b) => rank(a) - rank(b));
  return order.slice(0, count).sort((a, b) => a - b);
}

/** Frames computed together. Their costs are summed before they join those of their clip. */
export const VALIDATION_FRAMES = 8;

/**
 * Bits/dim one step ahead on about so many frames, the same every time, spread evenly over clips, which weigh the same.
 * @param clips indices into the store of clips of at least two frames
 * @param together frames scored at once; no figure depends on it
 */
export async function validate(
  chain: Chain,
  weights: readonly Tensor[],
  store: ClipStore,
  clips: readonly number[],
  frames: number,
  together = VALIDATION_FRAMES,
): Promise<number> {
  const { context } = chain.exampleShape;
  const bytes = new Uint8Array((context + 1) * frameBytes(chain.exampleShape));
  let total = 0;
  for (const clip of clips) {
    const candidates = store.clips[clip].frames - 1;
    const count = Math.min(candidates, Math.max(1, Math.round(frames / clips.length)));
    const chosen = Array.from({ length: count }, (_, i) => 1 + Math.floor(((i + 0.5) * candidates) / count));
    const add = (buffer: ExampleBuffer, frame: number) => {
      const first = Math.max(0, frame - context);
      store.read(clip, first, frame - first + 1, bytes);
      buffer.add(bytes, frame - first + 1, false);
    };
    const batch = Math.min(together, VALIDATION_FRAMES);
    let [nats, ofBatch, done] = [0, 0, 0];
    for await (const scored of scoreEach(chain, weights, chosen, add, { batch })) {
      ofBatch += sumOfNats(scored.nats);
      if (++done % VALIDATION_FRAMES !== 0 && done < count) continue;
      nats += ofBatch;
      ofBatch = 0;
    }
    total += nats / count;
  }
  return (total / clips.length / dimensions(chain)) * BITS_PER_NAT;
}
