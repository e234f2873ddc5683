import type { Tensor } from '@tensorflow/tfjs-core';
import { BITS_PER_NAT, scoreItems, sumNats } from '../evaluation/scoring.js';
import { countSubPixels, type Chain } from '../model/chain.js';
import { frameBytes } from '../foundation/levels.js';
import type { ExampleBuffer, ExampleShape } from '../conditioning/context/examples.js';
import { historyLength } from '../conditioning/context/history.js';
import { Philox, randomStreams } from '../foundation/philox.js';
import { singleProcess, assignedIndices, type ProcessGroup } from '../distributed/process-group.js';
import type { ClipStore } from './random-frames.js';

/** Result of a validation on held-out data. @inline */
export interface Validation {
  /** Number of updates done. */
  step: number;
  /** Mean bits/dim of the held-out data. */
  bitsPerDim: number;
}

/**
 * Selects the clips to hold out if none are named for validation: a random tenth, rounded, at least 1. Returns their
 * indices in ascending order; none of fewer than 3 clips.
 * @param clips number of clips
 */
export function selectHeldOutClips(clips: number, seed: bigint): number[] {
  const count = clips < 3 ? 0 : Math.max(1, Math.round(clips / 10));
  const philox = new Philox(seed);
  const rank = (clip: number) => philox.uniform(clip, 0, 0, randomStreams.heldOutClips);
  const order = Array.from({ length: clips }, (_, clip) => clip).sort((a, b) => rank(a) - rank(b));
  return order.slice(0, count).sort((a, b) => a - b);
}

/** Part of a clip from a frame to the clip's end. */
export interface ClipTail {
  /** Index of the clip in the store. */
  clip: number;
  /** Index of the first frame, 1 or more: frame 0 has no context. */
  from: number;
}

/**
 * Returns the last fifth of each clip, rounded down, for validation if a model is fine-tuned on few clips. Skips clips
 * of less than five frames.
 * @param clips indices into the store
 */
export function takeLastFifths({ clips: all }: Pick<ClipStore, 'clips'>, clips: readonly number[]): ClipTail[] {
  return clips
    .map((clip) => ({ clip, from: all[clip].frames - Math.floor(all[clip].frames / 5) }))
    .filter(({ clip, from }) => from < all[clip].frames);
}

/** Returns a store in which each clip of `ends` stops before its held-out tail. Other clips stay whole. */
export function truncateClips(ends: readonly ClipTail[], store: ClipStore): ClipStore {
  const endOf = new Map(ends.map(({ clip, from }) => [clip, from]));
  // Clips that stay whole are not copied: a store may have a million.
  const clips = store.clips.map((clip, at) => {
    const frames = endOf.get(at);
    return frames === undefined ? clip : { ...clip, frames };
  });
  return { ...store, clips };
}

/** Held-out frames and the known frames before them, height x width x channels bytes each. */
export interface HeldOutExample {
  /**
   * Known frames before the held-out ones, oldest first: as many as a model reads at its longest stride, fewer at a
   * clip's start.
   */
  known: Uint8Array[];
  /** Held-out frames that follow, at least one. */
  truth: Uint8Array[];
}

/**
 * Reads up to `frames` frames from the middle of a held-out part: the first part with that many frames, else the first
 * part. The choice is the same every time.
 * @returns null if nothing is held out
 */
export function readHeldOutExample(
  shape: ExampleShape,
  store: Pick<ClipStore, 'clips' | 'read'>,
  parts: readonly ClipTail[],
  frames: number,
): HeldOutExample | null {
  const lengthOf = ({ clip, from }: ClipTail) => store.clips[clip].frames - from;
  const part = parts.find((one) => lengthOf(one) >= frames) ?? parts.at(0);
  if (part === undefined) return null;
  const count = Math.min(frames, lengthOf(part));
  const first = part.from + ((lengthOf(part) - count) >> 1);
  const read = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => {
      const bytes = new Uint8Array(frameBytes(shape));
      store.read(part.clip, from + at, 1, bytes);
      return bytes;
    });
  const from = Math.max(0, first - historyLength(shape.context));
  return { known: read(from, first), truth: read(first, first + count) };
}

/**
 * Maximum batch size of a validation on clips. Costs are always summed in groups of this size, so that the mean does
 * not depend on the batch size.
 */
export const MAX_VALIDATION_FRAMES = 8;

/**
 * Returns the mean bits/dim of about `frames` frames, each predicted from the true frames before it. The frames are
 * evenly spread over `parts`, at least one of each, and parts have equal weight in the mean. The frames are the same
 * every time.
 * @param parts held-out tails of clips, at least one
 * @param batchSize batch size; the result depends neither on the batch size nor on the number of ranks
 */
export async function validate(
  chain: Chain,
  weights: readonly Tensor[],
  store: ClipStore,
  parts: readonly ClipTail[],
  frames: number,
  batchSize = MAX_VALIDATION_FRAMES,
  processGroup = singleProcess,
): Promise<number> {
  const { context } = chain.exampleShape;
  const bytes = new Uint8Array((context + 1) * frameBytes(chain.exampleShape));
  const chosen = parts.map(({ clip, from }) => {
    const candidates = store.clips[clip].frames - from;
    const count = Math.min(candidates, Math.max(1, Math.round(frames / parts.length)));
    return Array.from({ length: count }, (_, i) => ({
      clip,
      frame: from + Math.floor(((i + 0.5) * candidates) / count),
    }));
  });
  const add = (buffer: ExampleBuffer, { clip, frame }: { clip: number; frame: number }) => {
    const first = Math.max(0, frame - context);
    store.read(clip, first, frame - first + 1, bytes);
    buffer.add(bytes, frame - first + 1, false);
  };
  const batch = Math.min(batchSize, MAX_VALIDATION_FRAMES);
  const costs = await scoreShared(chain, weights, chosen.flat(), add, batch, processGroup);
  let total = 0;
  let at = 0;
  for (const { length } of chosen) {
    let nats = 0;
    for (let first = 0; first < length; first += MAX_VALIDATION_FRAMES)
      nats += sumNats(costs.subarray(at + first, at + Math.min(first + MAX_VALIDATION_FRAMES, length)));
    at += length;
    total += nats / length;
  }
  return (total / parts.length / countSubPixels(chain)) * BITS_PER_NAT;
}

/**
 * Scores items, distributed over all ranks, and returns the cost of each item in nats to every rank. See `scoreItems`.
 * @param add adds the example of an item to the buffer; called for each item that this rank scores
 * @param batch batch size
 */
export async function scoreShared<Item>(
  chain: Chain,
  weights: readonly Tensor[],
  items: readonly Item[],
  add: (buffer: ExampleBuffer, item: Item) => void,
  batch: number,
  processGroup: ProcessGroup,
): Promise<Float64Array> {
  const costs = new Float64Array(items.length);
  const own = assignedIndices(processGroup, items.length);
  const addAt = (buffer: ExampleBuffer, at: number) => add(buffer, items[at]);
  for await (const { item: at, nats } of scoreItems(chain, weights, own, addAt, { batch })) costs[at] = sumNats(nats);
  await processGroup.allReduce(costs);
  return costs;
}
