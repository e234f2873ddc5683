import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ConditioningOutputs } from '../conditioning/index.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { scoreChain, canPredictAtStrides, stepAtFinest, type Chain, type ScaleScore } from '../model/chain.js';
import { disposeExamples, ExampleBuffer, type Examples } from '../conditioning/context/examples.js';
import { meanOverStrides } from '../conditioning/context/history.js';
import { runConditioning, scoreNetwork, type Network } from '../model/network.js';
import type { DynamicEvaluation } from './dynamic-evaluation.js';
import { singleProcess, mapRoundRobin, type ProcessGroup } from '../distributed/process-group.js';
import { mixtureNats } from './mixture.js';

export const BITS_PER_NAT = 1 / Math.LN2;

/** What one image, or one frame given those before it, costs. */
export interface ScoredItem<Item> {
  item: Item;
  /**
   * -log P of every sub-pixel, as `scoreChain` has them: the maps of all scales scored one after another, each of
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
  /** The processes that compute the batches in turn, and all are given every score; weights that learn have one. Default: this one alone. */
  processGroup?: ProcessGroup | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Adds the one example of an item. With weights that learn also, where there are enough of them, the same image given every second of the
 * frames before it.
 */
export type AddExample<Item> = (buffer: ExampleBuffer, item: Item, slower: ExampleBuffer | null) => void;

/**
 * The one way in which images and frames are scored: what each item costs, in their order, a batch computed at a time.
 * Sums, means, maps and files are made by who reads the stream. With weights that learn a batch is one item, which they learn from once it
 * is scored. Where the model learns the expected frame and has one scale, an item is then scored by a mixture (`mixtureNats`) of three predictions:
 * given the frames before it, given every second of them, and by what both conditionings say, averaged. The likelihood stays exact.
 * @param weights tensors in the order of `chain.parameters`, or weights that learn
 * @param items taken as they are needed, at most a batch ahead
 * @param add called once for each item, in order, before the next one is taken
 * @throws the signal's reason once it is aborted, looked at before each batch is computed
 */
export async function* scoreItems<Item>(
  chain: Chain,
  weights: readonly Tensor[] | DynamicEvaluation,
  items: Iterable<Item> | AsyncIterable<Item>,
  add: AddExample<Item>,
  { batch = SCORING_BATCH, among, processGroup = singleProcess, signal }: ScoringOptions = {},
): AsyncGenerator<ScoredItem<Item>, void> {
  const adaptation = 'learn' in weights ? weights : null;
  const buffer = new ExampleBuffer(chain.exampleShape, adaptation === null ? batch : 1);
  const slower = adaptation !== null && canPredictAtStrides(chain) ? new ExampleBuffer(chain.exampleShape, 1) : null;
  async function* batches(): AsyncGenerator<Item[], void> {
    let waiting: Item[] = [];
    for await (const item of items) {
      add(buffer, item, slower);
      waiting.push(item);
      if (!buffer.full) continue;
      yield waiting;
      waiting = [];
      buffer.clear();
      slower?.clear();
    }
    if (waiting.length > 0) yield waiting;
  }
  async function scores(): Promise<Omit<ScoredItem<never>, 'item'>> {
    // What interrupts is only heard of where the event loop has its turn.
    await yieldToEventLoop();
    signal?.throwIfAborted();
    const slowerExamples = slower === null || slower.size === 0 ? null : slower.tensors();
    const { nats, anchors } = scoreExamples(chain, weights, buffer.tensors(), slowerExamples, among);
    return { nats: nats.length === 1 ? nats[0] : mixtureNats(chain.exampleShape, nats), anchors };
  }
  for await (const [together, { nats, anchors }] of mapRoundRobin(processGroup, batches(), scores)) {
    for (const [at, item] of together.entries()) {
      const own = (values: Float32Array) => {
        const size = values.length / together.length;
        return values.subarray(at * size, (at + 1) * size);
      };
      yield { item, nats: own(nats), anchors: anchors.map(own) };
    }
  }
}

/**
 * Scores a batch. Weights that learn then learn from it. Disposes `examples` and `slower`.
 * @param slower the same image as a single example, given every second frame; null: it counts for nothing
 * @returns maps of all examples, one after another: nats under each prediction, and the anchors of the first
 */
export function scoreExamples(
  chain: Chain,
  weights: readonly Tensor[] | DynamicEvaluation,
  examples: Examples,
  slower: Examples | null = null,
  among?: readonly number[],
): Record<'nats' | 'anchors', Float32Array[]> {
  const adaptation = 'learn' in weights ? weights : null;
  const { weights: current } = adaptation ?? { weights: weights as readonly Tensor[] };
  const tensors = tf.tidy(() => {
    const made =
      slower === null
        ? scoresGiven(chain, current, examples, among)
        : scoresAtStrides(chain.scales[0], current, examples, slower);
    // An anchor may be one of the tensors given, which are disposed of below.
    return { nats: made.nats, anchors: made.anchors.map((anchor) => tf.clone(anchor)) };
  });
  const read = (tensor: Tensor) => tensor.dataSync<'float32'>();
  const scores = { nats: tensors.nats.map(read), anchors: tensors.anchors.map(read) };
  tf.dispose(tensors);
  if (slower !== null) disposeExamples(slower);
  adaptation?.learn(examples);
  disposeExamples(examples);
  return scores;
}

/** Nats under one prediction, and its anchors. */
function scoresGiven(...of: Parameters<typeof scoreChain>): Pick<ScaleScore, 'anchors'> & { nats: Tensor[] } {
  const scores = scoreChain(...of);
  const nats = scores.map((score) => score.nats);
  return { nats: [tf.concat(nats, 1)], anchors: scores[scores.length - 1].anchors };
}

/** By what the frames before say, what every second one says, and both. */
function scoresAtStrides(
  network: Network,
  weights: readonly Tensor[],
  examples: Examples,
  slower: Examples,
): ReturnType<typeof scoresGiven> {
  const [near, far] = [examples, slower].map(({ given }) => tf.tidy(() => runConditioning(network, weights, given)!));
  // The expected frame alone is averaged: the last frame is known, and what is looked for is looked for in the last frames.
  const [expected, ...others] = near.anchors;
  const anchors = [meanOverStrides([expected, far.anchors[0]]), ...others];
  const both: ConditioningOutputs = { ...near, map: meanOverStrides([near.map, far.map]), anchors };
  // Each by itself, so that nothing is held of one while the next is made.
  const natsBy = (condition: ConditioningOutputs) =>
    tf.tidy(() => scoreNetwork(network, weights, examples, condition).nats);
  return { nats: [near, far, both].map(natsBy), anchors: near.anchors };
}

/** The sum of a map of nats, in float64. */
export function sumNats(nats: Float32Array): number {
  return nats.reduce((sum, value) => sum + value, 0);
}

/**
 * Where in an image its bits are: what each pixel of the finest scale costs, all channels together, in bits. What a coarser scale costs
 * stands at the pixel that the scales share.
 *
 * @param nats of one image, as `scoreItems` has them
 * @returns height x width
 */
export function bitsPerPixel(chain: Chain, nats: Float32Array): Float64Array {
  const { size, channels } = chain.exampleShape;
  const bits = new Float64Array(size.width * size.height);
  let k = 0;
  for (const [scale, { description }] of chain.scales.entries()) {
    const step = stepAtFinest(chain, scale);
    for (let y = 0; y < description.size.height; y++)
      for (let x = 0; x < description.size.width; x++)
        for (let c = 0; c < channels; c++) bits[(y * size.width + x) * step] += nats[k++] * BITS_PER_NAT;
  }
  return bits;
}
