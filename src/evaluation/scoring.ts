import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { chainScores, type Chain } from '../model/chain.js';
import { disposeExamples, ExampleBuffer } from '../model/examples.js';

/** Bits in one nat. */
export const BITS_PER_NAT = 1 / Math.LN2;

/** What one image, or one frame given those before it, costs. */
export interface Scored<Item> {
  item: Item;
  /**
   * -log P of every sub-pixel, as `chainScores` has them: the maps of all scales scored one after another, each of
   * height x width x channels. It stays valid.
   */
  nats: Float32Array;
  /** The anchors of the finest scale scored, in levels, each height x width x channels. They stay valid. */
  anchors: Float32Array[];
}

/** Examples scored together, where memory allows. */
export const SCORING_BATCH = 8;

export interface ScoringOptions {
  /** Examples computed together; no figure depends on it. Default: SCORING_BATCH. */
  batch?: number;
  /** Indices of the scales to score; undefined: all. */
  among?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The one way in which images and frames are scored: what each item costs, in their order, a batch computed at a time.
 * Sums, means, maps and files are made by who reads the stream.
 *
 * @param weights tensors in the order of `chain.parameters`
 * @param items taken as they are needed, at most a batch ahead
 * @param add adds the one example of an item; called once for each, in order, before the next item is taken
 * @throws the signal's reason once it is aborted, looked at before each batch is computed
 */
export async function* scoreEach<Item>(
  chain: Chain,
  weights: readonly Tensor[],
  items: Iterable<Item> | AsyncIterable<Item>,
  add: (buffer: ExampleBuffer, item: Item) => void,
  { batch = SCORING_BATCH, among, signal }: ScoringOptions = {},
): AsyncGenerator<Scored<Item>, void> {
  const buffer = new ExampleBuffer(chain.exampleShape, batch);
  let waiting: Item[] = [];
  async function* scored(): AsyncGenerator<Scored<Item>, void> {
    // What interrupts is only heard of where the event loop has its turn.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const together = waiting;
    const { nats, anchors } = await scoresOf(chain, weights, buffer, among);
    waiting = [];
    buffer.clear();
    for (const [at, item] of together.entries()) {
      const own = (values: Float32Array) => {
        const size = values.length / together.length;
        return values.subarray(at * size, (at + 1) * size);
      };
      yield { item, nats: own(nats), anchors: anchors.map(own) };
    }
  }
  for await (const item of items) {
    add(buffer, item);
    waiting.push(item);
    if (buffer.full) yield* scored();
  }
  if (waiting.length > 0) yield* scored();
}

/** Maps of all examples of the buffer, one after another. */
async function scoresOf(
  chain: Chain,
  weights: readonly Tensor[],
  buffer: ExampleBuffer,
  among?: readonly number[],
): Promise<Omit<Scored<never>, 'item'>> {
  const examples = buffer.tensors();
  const tensors = tf.tidy(() => {
    const scores = chainScores(chain, weights, examples, among);
    const nats = scores.map((score) => score.nats);
    // An anchor may be one of the tensors given, which are freed below.
    return [tf.concat(nats, 1), ...scores[scores.length - 1].anchors.map((anchor) => tf.clone(anchor))];
  });
  const [nats, ...anchors] = await Promise.all(tensors.map(async (tensor) => (await tensor.data()) as Float32Array));
  tf.dispose(tensors);
  disposeExamples(examples);
  return { nats, anchors };
}

/** The sum of a map of nats, in float64. */
export function sumOfNats(nats: Float32Array): number {
  let sum = 0;
  for (const value of nats) sum += value;
  return sum;
}
