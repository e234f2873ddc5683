import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Condition, PastWindow } from '../conditioning/index.js';
import type { Frame } from '../foundation/frame.js';
import { levelsOf, type Levels } from '../foundation/levels.js';
import { chainScores, expectsAtStrides, type Chain } from '../model/chain.js';
import { disposeExamples, ExampleBuffer, type Examples } from '../model/examples.js';
import { conditionOf, scoreOf, type Network } from '../model/network.js';
import { Past } from '../model/past.js';
import { LEAST_GIVEN, type Subsequence } from '../model/subsequences.js';
import type { ScoredFrame } from './clip-score.js';
import { mixtureNats } from './mixture.js';

/** Weights that go on learning: see `Adaptation`. */
export interface LearningWeights {
  /** In the order of the chain's parameters; `learn` replaces them in place. */
  readonly weights: readonly Tensor[];
  /** Learns from an example that is scored. */
  learn(examples: Examples): Promise<void>;
}

/** The frames two, four, six, ... before the next one. */
const EVERY_SECOND: Subsequence = { stride: 2, phase: 1 };

/**
 * Scores a clip one step ahead as it streams by, with weights that learn from each frame once it is scored. A frame is predicted from
 * the frames before it, from every second of them, and from what both conditionings say, averaged; it is scored by a mixture of the
 * three (`mixtureNats`), where the model learns the expected frame and has one scale. The likelihood stays exact.
 *
 * @param frames at the model's size, from the clip's first on
 * @throws the signal's reason once it is aborted, looked at before each frame is scored
 */
export async function* scoreAdaptively(
  chain: Chain,
  learning: LearningWeights,
  frames: AsyncIterable<Frame>,
  signal?: AbortSignal,
): AsyncGenerator<ScoredFrame, void> {
  const past = new Past(chain.exampleShape);
  const buffer = new ExampleBuffer(chain.exampleShape, 1);
  const exampleAfter = (window: PastWindow<Levels>, frame: Frame) => {
    buffer.clear();
    buffer.addAfter(window, levelsOf(chain.exampleShape, frame.data));
    return buffer.tensors();
  };
  let index = 0;
  let previous: Frame | null = null;
  for await (const frame of frames) {
    if (previous !== null) {
      // What interrupts is only heard of where the event loop has its turn.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      const examples = exampleAfter(past.leading()[0].window, frame);
      const slower = expectsAtStrides(chain) ? past.every(EVERY_SECOND) : null;
      const slowerExamples =
        slower !== null && slower.frames.length >= LEAST_GIVEN ? exampleAfter(slower, frame) : null;
      const score = await scoreOfBoth(chain, learning.weights, examples, slowerExamples);
      if (slowerExamples !== null) disposeExamples(slowerExamples);
      await learning.learn(examples);
      disposeExamples(examples);
      yield { index, frame, previous, ...score };
    }
    past.push(frame.data);
    previous = frame;
    index++;
  }
}

/** @param slower the same image, given every second frame; null: it counts for nothing */
async function scoreOfBoth(
  chain: Chain,
  weights: readonly Tensor[],
  examples: Examples,
  slower: Examples | null,
): Promise<Pick<ScoredFrame, 'nats' | 'anchors'>> {
  const tensors = tf.tidy(() => {
    if (slower === null) {
      const scores = chainScores(chain, weights, examples);
      const { anchors } = scores[scores.length - 1];
      return {
        nats: [
          tf.concat(
            scores.map(({ nats }) => nats),
            1,
          ),
        ],
        anchors: anchors.map((anchor) => tf.clone(anchor)),
      };
    }
    const [network] = chain.scales;
    const conditions = conditionsOf(network, weights, examples, slower);
    // Each by itself, so that nothing is held of one while the next is made.
    const nats = conditions.map((condition) => tf.tidy(() => scoreOf(network, weights, examples, condition).nats));
    return { nats, anchors: conditions[0].anchors.map((anchor) => tf.clone(anchor)) };
  });
  const read = async (of: readonly Tensor[]) =>
    Promise.all(of.map(async (tensor) => (await tensor.data()) as Float32Array));
  const [nats, anchors] = [await read(tensors.nats), await read(tensors.anchors)];
  tf.dispose(tensors);
  return { nats: nats.length === 1 ? nats[0] : mixtureNats(chain.exampleShape, nats), anchors };
}

/** What is told of the image by the frames before, by every second one, and by both. */
function conditionsOf(
  network: Network,
  weights: readonly Tensor[],
  examples: Examples,
  slower: Examples,
): [Condition, Condition, Condition] {
  const [near, far] = [examples, slower].map(({ given }) => tf.tidy(() => conditionOf(network, weights, given)!));
  const mean = (a: Tensor4D, b: Tensor4D) => tf.mul<Tensor4D>(tf.add(a, b), 0.5);
  // The expected frame alone is averaged: the last frame is known, and what is looked for is looked for in the last frames.
  const [expected, ...others] = near.anchors;
  const both = { ...near, map: mean(near.map, far.map), anchors: [mean(expected, far.anchors[0]), ...others] };
  return [near, far, both];
}
