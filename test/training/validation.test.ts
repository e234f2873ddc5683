import * as tf from '@tensorflow/tfjs-core';
import { BITS_PER_NAT } from '../../src/evaluation/scoring.js';
import { ExampleBuffer } from '../../src/conditioning/context/examples.js';
import { buildChain } from '../../src/model/chain.js';
import { toTensors } from '../../src/model/model.js';
import { selectHeldOutClips, validate } from '../../src/training/validation.js';
import { kernelSets } from '../backend/implementations.js';
import { natsOfExamples } from '../model/nats-of-examples.js';
import { randomWeights } from '../model/tiny-networks.js';
import { movingSquares, tinyRun } from './moving-square.js';
import { slowTest } from '../extent.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

describe('held out of training', () => {
  test.each([
    { clips: 1, held: 0 },
    { clips: 2, held: 0 },
    { clips: 3, held: 1 },
    { clips: 10, held: 1 },
    { clips: 14, held: 1 },
    { clips: 15, held: 2 },
    { clips: 100, held: 10 },
  ])('of $clips clips are $held, in order, none twice', ({ clips, held }) => {
    const chosen = selectHeldOutClips(clips, 1n);
    expect(chosen).toHaveLength(held);
    expect([...new Set(chosen)].sort((a, b) => a - b)).toEqual(chosen);
    for (const clip of chosen) expect(clip).toBeLessThan(clips);
  });

  test('are the same clips for the same seed, and others for another', () => {
    expect(selectHeldOutClips(100, 5n)).toEqual(selectHeldOutClips(100, 5n));
    expect(selectHeldOutClips(100, 6n)).not.toEqual(selectHeldOutClips(100, 5n));
  });
});

const wholeClips = (clips: number[]) => clips.map((clip) => ({ clip, from: 1 }));
const chain = buildChain(tinyRun().model);
const { exampleShape: shape } = chain;

async function validation(frames: number, clips: number[], length = 9) {
  const store = movingSquares(3, length, shape);
  const weights = toTensors(randomWeights(chain, 1), chain.parameters);
  const bitsPerDim = await validate(chain, weights, store, wholeClips(clips), frames);
  tf.dispose(weights);
  return { bitsPerDim, predicted: store.reads.map(({ clip, first, count }) => [clip, first + count - 1]) };
}

test('validation scores frames spread evenly over the clips, the same ones each time', async () => {
  const once = await validation(8, [0, 2]);
  expect(once.predicted).toEqual([0, 2].flatMap((clip) => [2, 4, 6, 8].map((frame) => [clip, frame])));
  expect(await validation(8, [0, 2])).toEqual(once);
});

test('validation scores every frame but the first where there are fewer than asked for', async () => {
  const { predicted } = await validation(1000, [1], 4);
  expect(predicted).toEqual([1, 2, 3].map((frame) => [1, frame]));
});

test('validation scores at least one frame of each clip', async () => {
  const { predicted } = await validation(1, [0, 1, 2]);
  expect(predicted.map(([clip]) => clip)).toEqual([0, 1, 2]);
});

test('the validation is the mean cost of these frames in bits a sub-pixel, eight summed at a time', async () => {
  const length = 21;
  const { bitsPerDim } = await validation(1000, [1], length);
  const store = movingSquares(3, length, shape);
  const weights = toTensors(randomWeights(chain, 1), chain.parameters);
  const pixels = shape.size.width * shape.size.height;
  const frames = new Uint8Array(3 * pixels);
  const nats = Array.from({ length: length - 1 }, (_, i) => {
    const first = Math.max(0, i - 1);
    const buffer = new ExampleBuffer(shape, 1);
    store.read(1, first, i + 2 - first, frames);
    buffer.add(frames, i + 2 - first, false);
    return natsOfExamples(chain, weights, buffer.tensors())[0];
  });
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const eights = [nats.slice(0, 8), nats.slice(8, 16), nats.slice(16)].map(sum);
  expect(bitsPerDim).toBe((sum(eights) / nats.length / pixels) * BITS_PER_NAT);
  tf.dispose(weights);
});

slowTest('the validation has the same bits however many frames are scored at once', async () => {
  const weights = toTensors(randomWeights(chain, 1), chain.parameters);
  const store = movingSquares(3, 21, shape);
  const of = (together?: number) => validate(chain, weights, store, wholeClips([1, 2]), 1000, together);
  const once = await of();
  for (const together of [1, 3, 8, 20]) expect(await of(together)).toBe(once);
  tf.dispose(weights);
});

test('validation leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  await validation(8, [0, 1]);
  expect(tf.memory().numTensors).toBe(before);
});
