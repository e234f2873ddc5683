import * as tf from '@tensorflow/tfjs-core';
import { levelDifferences, HistogramBaseline } from '../../src/evaluation/baselines.js';
import { scoreFrames, summariseFrames } from '../../src/evaluation/frame-likelihoods.js';
import { meanSquaredError } from '../../src/evaluation/metrics.js';
import { BITS_PER_NAT, scoreItems, sumNats, type ScoringOptions } from '../../src/evaluation/scoring.js';
import type { Frame } from '../../src/foundation/frame.js';
import { disposeExamples, ExampleBuffer } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { toTensors } from '../../src/model/model.js';
import { chainNats } from '../model/chain-nats.js';
import { kernelSets } from '../backend/implementations.js';
import { randomFrames, randomModel, tinyChain, tinyNetwork } from '../model/tiny-networks.js';
import { collect } from '../video/made-clips.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const models = [
  ['one scale', randomModel([tinyNetwork()])],
  ['two scales', randomModel(tinyChain())],
] as const;

const COUNT = 7;
const [, { chain, weights: arrays }] = models[1];
const bytes = frameBytes(chain.exampleShape);
const data = randomFrames(chain.exampleShape, COUNT, 3);
const frames = Array.from({ length: COUNT }, (_, index): Frame => {
  const { size, channels } = chain.exampleShape;
  return { ...size, channels, data: data.slice(index * bytes, (index + 1) * bytes) };
});

let weights: tf.Tensor[];
beforeAll(() => (weights = toTensors(arrays, chain.parameters)));
afterAll(() => tf.dispose(weights));

/** Adds a frame that has nothing before it. */
const alone = (buffer: ExampleBuffer, frame: Frame) => buffer.add(frame.data, 1, false);
const mapsOf = (options?: ScoringOptions) => collect(scoreItems(chain, weights, frames, alone, options));

describe('the stream of scores', () => {
  test('gives each item its own map of nats, in order', async () => {
    const scored = await mapsOf({ batch: 3 });
    expect(scored.map(({ item }) => item)).toEqual(frames);
    for (const { item, nats } of scored) {
      const buffer = new ExampleBuffer(chain.exampleShape, 1);
      alone(buffer, item);
      const examples = buffer.tensors();
      expect(nats).toEqual(tf.tidy(() => chainNats(chain, weights, examples).dataSync()));
      disposeExamples(examples);
    }
  });

  test('gives the same bits whatever is computed together', async () => {
    const once = await mapsOf({ batch: 1 });
    for (const batch of [2, 3, 7, 16]) expect(await mapsOf({ batch })).toEqual(once);
  });

  test('takes items as they are needed, at most a batch ahead, and nothing of what it leaves', async () => {
    const before = tf.memory().numTensors;
    const taken: number[] = [];
    let left = false;
    function* items() {
      try {
        for (const [index, frame] of frames.entries()) {
          taken.push(index);
          yield frame;
        }
      } finally {
        left = true;
      }
    }
    const stream = scoreItems(chain, weights, items(), alone, { batch: 3 });
    await stream.next();
    await stream.next();
    expect(taken).toEqual([0, 1, 2]);
    for await (const { item } of stream) if (item === frames[3]) break;
    expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
    expect(left).toBe(true);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('ends before the next batch once it is aborted', async () => {
    const controller = new AbortController();
    const given: Frame[] = [];
    const read = async () => {
      for await (const { item } of scoreItems(chain, weights, frames, alone, { batch: 2, signal: controller.signal })) {
        given.push(item);
        controller.abort(new Error('stopped'));
      }
    };
    await expect(read()).rejects.toThrow('stopped');
    expect(given).toEqual(frames.slice(0, 2));
  });

  test('of no item is empty', async () => {
    expect(await collect(scoreItems(chain, weights, [], alone))).toEqual([]);
  });
});

describe.each(models)('the frames of a clip, %s', (_, model) => {
  let own: tf.Tensor[];
  beforeAll(() => (own = toTensors(model.weights, model.chain.parameters)));
  afterAll(() => tf.dispose(own));
  // eslint-disable-next-line @typescript-eslint/require-await
  async function* clip(count: number) {
    yield* frames.slice(0, count);
  }

  test('come with the frame before each and with what they cost, given the true ones before', async () => {
    const scored = await collect(scoreFrames(model.chain, own, clip(COUNT), { batch: 4 }));
    expect(scored.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { index, frame, previous, nats, anchors } of scored) {
      expect([frame, previous]).toEqual([frames[index], frames[index - 1]]);
      expect(anchors.map((anchor) => [...anchor])).toEqual([[...previous.data]]);
      const first = Math.max(0, index - model.chain.exampleShape.context);
      const buffer = new ExampleBuffer(model.chain.exampleShape, 1);
      buffer.add(data.subarray(first * bytes), index - first + 1, false);
      const examples = buffer.tensors();
      expect(nats).toEqual(tf.tidy(() => chainNats(model.chain, own, examples).dataSync()));
      disposeExamples(examples);
    }
  });

  test('add up to the bits of the clip, frame after frame in float64', async () => {
    const scored = await collect(scoreFrames(model.chain, own, clip(COUNT)));
    const told: number[] = [];
    const stream = scoreFrames(model.chain, own, clip(COUNT), { batch: 5 });
    const summary = await summariseFrames(256, stream, (count) => told.push(count));
    const baseline = new HistogramBaseline(1, 256);
    for (const { frame, previous } of scored) baseline.add(levelDifferences(previous, frame, 256));
    const nats = scored.reduce((sum, { nats: map }) => sum + sumNats(map), 0);
    // The anchor of these models is the previous frame itself.
    const squares = scored.map(({ frame, previous }) => meanSquaredError(frame, previous));
    const previousFrame = squares.reduce((sum, error) => sum + error, 0) / 6;
    expect(summary).toEqual({
      frames: COUNT,
      dimensions: 6 * bytes,
      bitsPerDim: (nats / (6 * bytes)) * BITS_PER_NAT,
      previousFrameBitsPerDim: baseline.bitsPerDim,
      oneStep: { previousFrame, anchors: [expect.closeTo(previousFrame, 6) as number] },
    });
    expect(told).toEqual([2, 3, 4, 5, 6, 7]);
  });

  test('are none where the clip has but one', async () => {
    expect(await summariseFrames(256, scoreFrames(model.chain, own, clip(1)))).toBeNull();
  });
});
