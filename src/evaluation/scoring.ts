import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ConditioningOutputs } from '../conditioning/index.js';
import { errorFactory } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { canPredictAtStrides, conditionChain, scoreChain, type Chain, type ScaleScore } from '../model/chain.js';
import { disposeExamples, ExampleBuffer, type Examples } from '../conditioning/context/examples.js';
import { meanOverStrides } from '../conditioning/context/history.js';
import type { DynamicEvaluation } from './dynamic-evaluation.js';
import { mixtureNats } from './mixture.js';

/** Factor from nats to bits. */
export const BITS_PER_NAT = 1 / Math.LN2;

/** Score of one image, or of one frame given the frames before it. */
export interface ScoredItem<Item> {
  item: Item;
  /**
   * -log P in nats of every sub-pixel, as `scoreChain` returns them: the maps of all scored scales concatenated, each
   * height x width x channels. The array stays valid.
   */
  nats: Float32Array;
  /** Anchors of the finest scored scale, in levels, each height x width x channels. The arrays stay valid. */
  anchors: Float32Array[];
}

/** Default batch size of examples to score. */
export const SCORING_BATCH = 8;

/** Options for `scoreItems`. */
export interface ScoringOptions {
  /** Batch size of examples; no result depends on it. Default: SCORING_BATCH. */
  batch?: number;
  /** Signal that aborts scoring: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Function that adds the example of an item to `buffer`. If `slower` is not null, the function also adds a second
 * example of the same image to `slower`: its context frames are every second frame before the image. The second example
 * is omitted if too few frames are known.
 */
export type AddExample<Item> = (buffer: ExampleBuffer, item: Item, slower: ExampleBuffer | null) => void;

/**
 * Scores images or frames in batches, and yields the score of each item in order. All scoring of images and frames uses
 * this function.
 *
 * With a `DynamicEvaluation`, the batch size is 1 and the weights learn from each item after the item is scored. If the
 * model also predicts the expected frame at its first scale, the score is that of a mixture (`mixtureNats`) of three
 * predictions: given the frames before, every second frame before, and the mean of both conditionings. The likelihood
 * stays exact.
 * @param weights tensors in the order of `chain.parameters`, or a `DynamicEvaluation`
 * @param items read with backpressure, at most a batch ahead
 * @param add function that adds the example of an item; called for one item after another, before the next item is read
 * @throws the signal's reason if aborted, checked before each batch; errors of `items` and `add`
 */
export async function* scoreItems<Item>(
  chain: Chain,
  weights: readonly Tensor[] | DynamicEvaluation,
  items: Iterable<Item> | AsyncIterable<Item>,
  add: AddExample<Item>,
  { batch = SCORING_BATCH, signal }: ScoringOptions = {},
): AsyncGenerator<ScoredItem<Item>, void> {
  const adaptation = 'learn' in weights ? weights : null;
  const buffer = new ExampleBuffer(chain.exampleShape, adaptation === null ? batch : 1);
  const slower = adaptation !== null && canPredictAtStrides(chain) ? new ExampleBuffer(chain.exampleShape, 1) : null;
  let waiting: Item[] = [];
  async function* scoreBatch(): AsyncGenerator<ScoredItem<Item>, void> {
    // An abort arrives only if the event loop has its turn.
    await yieldToEventLoop();
    signal?.throwIfAborted();
    const slowerExamples = slower === null || slower.size === 0 ? null : slower.tensors();
    const { nats, anchors } = scoreExamples(chain, weights, buffer.tensors(), slowerExamples);
    for (const [at, item] of waiting.entries()) {
      const own = (values: Float32Array) => {
        const size = values.length / waiting.length;
        return values.subarray(at * size, (at + 1) * size);
      };
      yield { item, nats: own(nats), anchors: anchors.map(own) };
    }
    waiting = [];
    buffer.clear();
    slower?.clear();
  }
  for await (const item of items) {
    add(buffer, item, slower);
    waiting.push(item);
    if (buffer.full) yield* scoreBatch();
  }
  if (waiting.length > 0) yield* scoreBatch();
}

/**
 * Scores a batch of examples. A `DynamicEvaluation` then learns from the batch. Disposes `examples` and `slower`.
 * @param slower a second example of the same image, given every second frame before it, for a batch of one; null: none
 * @returns nats and anchors, as in `ScoredItem`, of all examples, concatenated
 */
export function scoreExamples(
  chain: Chain,
  weights: readonly Tensor[] | DynamicEvaluation,
  examples: Examples,
  slower: Examples | null = null,
): Omit<ScoredItem<never>, 'item'> {
  const adaptation = 'learn' in weights ? weights : null;
  const { weights: current } = adaptation ?? { weights: weights as readonly Tensor[] };
  const { nats, anchors } = tf.tidy(() => {
    const made =
      slower === null ? scoresGiven(chain, current, examples) : scoresAtStrides(chain, current, examples, slower);
    // An anchor may be one of the input tensors, which are disposed below.
    return { nats: made.nats, anchors: made.anchors.map((anchor) => tf.clone(anchor)) };
  });
  const predictions = nats.map((scales) => scales.map(read));
  const scores = { nats: mixScales(chain, predictions), anchors: anchors.map(read) };
  tf.dispose([...nats.flat(), ...anchors]);
  if (slower !== null) disposeExamples(slower);
  adaptation?.learn(examples);
  disposeExamples(examples);
  return scores;
}

/** Scores of examples: nats under each prediction, of each scale or of all scales together, and the anchors. */
type PredictionScores = Pick<ScaleScore, 'anchors'> & { nats: Tensor[][] };

/** Returns the nats of all scales under a single prediction, with the anchors. */
function scoresGiven(...of: Parameters<typeof scoreChain>): PredictionScores {
  const scores = scoreChain(...of);
  const nats = scores.map((score) => score.nats);
  return { nats: [[tf.concat(nats, 1)]], anchors: scores[scores.length - 1].anchors };
}

/**
 * Returns the nats of each scale under three predictions: given the frames before, given every second frame, and given
 * the means over both of the maps and of the expected frames.
 */
function scoresAtStrides(chain: Chain, weights: readonly Tensor[], examples: Examples, slower: Examples) {
  const among = [...chain.scales.keys()];
  const [near, far] = [examples, slower].map((of) =>
    tf.tidy(() => conditionChain(chain, weights, of, among).map((condition) => condition!)),
  );
  // The map and the expected frame are averaged. The other anchor and the references are the true frames that directly
  // precede the image, not those at stride 2.
  const both = near.map((condition, scale): ConditioningOutputs => {
    const { map, anchors } = far[scale];
    const [expected, ...others] = condition.anchors;
    const mean = meanOverStrides([expected, anchors[0]]);
    return { ...condition, map: meanOverStrides([condition.map, map]), anchors: [mean, ...others] };
  });
  // One prediction at a time, to limit memory.
  const natsBy = (conditions: readonly ConditioningOutputs[]) =>
    tf.tidy(() => scoreChain(chain, weights, examples, among, conditions).map(({ nats }) => nats));
  return { nats: [near, far, both].map(natsBy), anchors: near[0].anchors };
}

/** Returns the nats of a single prediction, or the nats of each scale under the mixture of several, concatenated. */
function mixScales({ scales }: Chain, predictions: readonly Float32Array[][]): Float32Array {
  if (predictions.length === 1) return predictions[0][0];
  const mixed = scales.map(({ description }, scale) =>
    mixtureNats(
      description,
      predictions.map((nats) => nats[scale]),
    ),
  );
  return Float32Array.from(mixed.flatMap((nats) => [...nats]));
}

function read(tensor: Tensor): Float32Array {
  return tensor.dataSync<'float32'>();
}

/**
 * Checks that the nats of every sub-pixel of an item are finite.
 * @param item scored item, such as `frame 3`
 * @param nats map of nats, as `scoreItems` yields it
 * @throws PxvError `CHECKPOINT` if the nats of a sub-pixel are NaN or infinite
 */
export function assertFiniteNats(item: string, nats: Float32Array): void {
  const at = nats.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const received = `${nats[at]} at sub-pixel ${at} of ${nats.length}`;
  const remedy = 'use another model; the outputs of this one are not finite';
  throw errorFactory('CHECKPOINT', 'score')(item, 'a finite likelihood of every sub-pixel', received, remedy);
}

/** Returns the sum of nats in float64, added in order. */
export function sumNats(nats: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of nats) sum += value;
  return sum;
}

/**
 * Returns the bits of each pixel of an image at the finest scale, summed over channels. The bits of a coarser scale are
 * added to the pixels that the scales share.
 *
 * @param nats of one image, as `scoreItems` yields them
 * @returns height x width
 */
export function bitsPerPixel(chain: Chain, nats: Float32Array): Float64Array {
  const { size, channels } = chain.exampleShape;
  const bits = new Float64Array(size.width * size.height);
  let k = 0;
  for (const [scale, { description }] of chain.scales.entries()) {
    const step = chain.steps[scale];
    for (let y = 0; y < description.size.height; y++)
      for (let x = 0; x < description.size.width; x++)
        for (let c = 0; c < channels; c++) bits[(y * size.width + x) * step] += nats[k++] * BITS_PER_NAT;
  }
  return bits;
}
