import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { contextOfFrames, framesOfContext, type FrameBatch } from '../../src/conditioning/context/context-tensors.js';
import { StridedHistory, subsequencesFor } from '../../src/conditioning/context/history.js';
import { buildChain } from '../../src/model/chain.js';
import { toTensors } from '../../src/model/model.js';
import { runConditioning } from '../../src/model/network.js';
import { anchorLoss, rolloutLoss, type AnchorLossName } from '../../src/optimization/anchor-loss.js';
import { initialiseParameters } from '../../src/backend/parameters.js';
import { operationOf } from '../../src/backend/operation.js';
import type { WarpedFramesDescription } from '../../src/conditioning/warped-frames-description.js';
import { fastest } from '../backend/implementations.js';
import { tinyNetwork, warpedFrames } from '../model/tiny-networks.js';
import { randomFloats } from '../random.js';

beforeAll(() => tf.setBackend(fastest));

test.each<[AnchorLossName, (error: number) => number]>([
  ['log-mse', (error) => Math.log(1 + error)],
  ['mse', (error) => error * (8 / 255) ** 2],
])('%s is the mean over images of a function of the mean squared error on the first anchor', (name, lossOf) => {
  const shape: [number, number, number, number] = [3, 2, 4, 3];
  const [expected, other, image] = [1, 2, 3].map((seed) => randomFloats(72, seed).map((value) => 20 * value));
  const tensor = (values: Float32Array): Tensor4D => tf.tensor4d(values, shape);
  const received = tf.tidy(() => {
    const anchors = [tensor(expected), tensor(other)];
    return anchorLoss({ anchors, image: tensor(image), levels: 256 }, name).dataSync()[0];
  });
  const ofImage = [0, 1, 2].map((at) => {
    const places = Array.from({ length: 24 }, (_, i) => 24 * at + i);
    return lossOf(places.reduce((sum, i) => sum + (expected[i] - image[i]) ** 2, 0) / 24);
  });
  expect(received).toBeCloseTo((ofImage[0] + ofImage[1] + ofImage[2]) / 3, 5);
});

test.each<[string, Partial<WarpedFramesDescription>]>([
  ['a GRU', { context: 2, gru: { context: 10, features: 4 } }],
  ['block matching', { context: 10, blockMatching: true }],
  ['a GRU and trajectories', { context: 2, gru: { context: 10, features: 4 }, blockMatching: true, trajectory: 3 }],
])(
  'the state of %s goes on through a rollout as if each frame were predicted from all frames before',
  async (_, changes) => {
    const context = 10;
    const known = 4;
    const network = tinyNetwork({ channels: 1, conditioning: [{ ...warpedFrames, ...changes }] });
    const chain = buildChain({ version: 1, scales: [network] });
    // Initial weights are small: by them the state hardly reaches the loss.
    const weights = toTensors(initialiseParameters(chain.parameters, 5n), chain.parameters).map((x) => tf.mul(x, 3));
    const { height, width } = network.size;
    const frames = Array.from({ length: known + 3 }, (_, at) => {
      const values = randomFloats(2 * height * width, at + 1).map((value) => 8 * Math.abs(value));
      return tf.tensor4d(values, [2, height, width, 1]);
    });
    const truth = frames.slice(known);
    /** The last `context` frames; where there are fewer, the oldest is repeated, and is not valid. */
    const contextOf = (given: readonly Tensor4D[]) => {
      const missing = context - given.length;
      const exist = Array.from({ length: context }, (_, at) => Number(at >= missing));
      return {
        frames: [...new Array<Tensor4D>(missing).fill(given[0]), ...given],
        valid: tf.tile(tf.tensor4d(exist, [1, 1, 1, context]), [2, height, width, 1]),
        noise: tf.zeros<Rank.R4>([2, height, width, 1]),
      };
    };
    const counts = tf.ones<Rank.R4>([2, 1, 1, 1]);
    const first = contextOf(frames.slice(0, known));
    const missing = [context - known, context - known];
    const conditioningInputs = { context: { ...first, missing } };
    const start = { subsequence: { stride: 1, phase: 0 }, conditioningInputs, counts };
    const ofRollout = () => tf.tidy(() => rolloutLoss(chain, weights, { known: [start], truth }, 'mse').dataSync()[0]);
    const [received, expected] = tf.tidy(() => {
      let given = frames.slice(0, known);
      const losses = truth.map((image, expected) => {
        const whole = {
          ...contextOf(given),
          known: expected === 0 ? undefined : { ...first, missing, expected: [expected] },
        };
        const { anchors } = runConditioning(chain.scales[0], weights, {
          context: {
            ...whole,
            missing: given.length < context ? [context - given.length, context - given.length] : [0, 0],
          },
        })!;
        given = [...given, tf.clipByValue(anchors[0], 0, network.levels - 1)];
        return anchorLoss({ anchors, image, levels: network.levels }, 'mse').dataSync()[0];
      });
      const mean = losses.reduce((sum, loss) => sum + loss) / losses.length;
      return [ofRollout(), mean];
    });
    expect(received).toBeCloseTo(expected, 5);
    // The known frames stay the same, and are matched once.
    const { kernels } = await tf.profile(() => void ofRollout());
    const matchings = kernels.filter(({ name }) => name === operationOf('blockMatching'));
    expect(matchings).toHaveLength(changes.blockMatching ? 1 : 0);
  },
);

test.each<[string, Partial<WarpedFramesDescription>]>([
  ['block matching', { context: 3, blockMatching: true }],
  ['a GRU', { context: 3, gru: { context: 3, features: 4 } }],
])('a rollout at several strides predicts each frame by the mean of the strides alone, with %s', (_, changes) => {
  const network = tinyNetwork({ channels: 1, conditioning: [{ ...warpedFrames, ...changes }] });
  const chain = buildChain({ version: 1, scales: [network] });
  const weights = toTensors(initialiseParameters(chain.parameters, 6n), chain.parameters).map((x) => tf.mul(x, 3));
  const { height, width } = network.size;
  const frameOf = (seed: number): Tensor4D => {
    const values = randomFloats(2 * height * width, seed).map((value) => 8 * Math.abs(value));
    return tf.tensor4d(values, [2, height, width, 1]);
  };
  const noise = tf.zeros<Rank.R4>([2, height, width, 1]);
  const known = subsequencesFor(3).map((subsequence, place) => {
    const frames = [1, 2, 3].map((at) => frameOf(10 * place + at));
    const valid = tf.ones<Rank.R4>([2, height, width, 3]);
    // The second example knows too few frames for strides above 1.
    const counts = tf.tensor4d([1, place === 0 ? 1 : 0], [2, 1, 1, 1]);
    return { subsequence, conditioningInputs: { context: { frames, valid, missing: [0, 0], noise } }, counts };
  });
  const truth = Array.from({ length: 8 }, (_, at) => frameOf(100 + at));
  const [received, expected] = tf.tidy(() => {
    const contexts = known.map(({ subsequence, conditioningInputs: { context } }) => {
      return { subsequence, context: { frames: framesOfContext(context), known: null } };
    });
    const history = new StridedHistory<FrameBatch>(3, 0, contexts);
    const losses = truth.map((image) => {
      const predictions = history.leading().map(({ subsequence, context }) => {
        const inputs = { context: contextOfFrames(context, noise) };
        const { anchors } = runConditioning(chain.scales[0], weights, inputs)!;
        return { frame: anchors[0], ofSecond: subsequence.stride === 1 };
      });
      const half = (frame: Tensor4D, example: number): Tensor4D => tf.slice(frame, [example, 0, 0, 0], [1, -1, -1, -1]);
      const mean = (frames: Tensor4D[]): Tensor4D => tf.div(tf.addN(frames), frames.length);
      const both = tf.concat([
        mean(predictions.map(({ frame }) => half(frame, 0))),
        mean(predictions.filter(({ ofSecond }) => ofSecond).map(({ frame }) => half(frame, 1))),
      ]);
      const exists = tf.onesLike(noise);
      history.addExpected({ levels: tf.clipByValue(both, 0, network.levels - 1), exists });
      return anchorLoss({ anchors: [both], image, levels: network.levels }, 'mse').dataSync()[0];
    });
    const mean = losses.reduce((sum, loss) => sum + loss) / losses.length;
    return [rolloutLoss(chain, weights, { known, truth }, 'mse').dataSync()[0], mean];
  });
  expect(received).toBeCloseTo(expected, 5);
});
