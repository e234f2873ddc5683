import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Precision } from '../../src/backend/precision.js';
import { buildChain } from '../../src/model/chain.js';
import { Context } from '../../src/model/context.js';
import { disposeExamples, frameBytes, type Examples } from '../../src/model/examples.js';
import { toTensors } from '../../src/model/weights.js';
import { FrameSampler } from '../../src/sampling/frame-sampler.js';
import { bestGuess } from '../../src/sampling/roll-out.js';
import { clipData } from '../../src/training/clip-data.js';
import { standStill } from '../../src/training/disturbance.js';
import { OwnPredictions } from '../../src/training/own-predictions.js';
import { bf16Sets, kernelSets } from '../backend/implementations.js';
import { randomModel, randomWeights, warpedFrames } from '../model/tiny-networks.js';
import { movingSquares, tinyRun } from './moving-square.js';

const run = tinyRun({ ownPredictions: 2 }, { conditioning: [warpedFrames] });
const model = randomModel(run.model.scales, 3);
const { chain } = model;
const shape = chain.exampleShape;
const settings = {
  seed: 5n,
  batch: 2,
  disturb: 0,
  crops: 0,
  reversals: 0,
  stills: 0,
  precision: 'float32' as Precision,
};
const store = movingSquares(3, 14, shape);
let weights: Tensor[];

beforeAll(async () => {
  await tf.setBackend(`native-${kernelSets[0].instructionSet}`);
  weights = toTensors(model.weights, chain.parameters);
});
afterAll(() => tf.dispose(weights));

const valuesOf = ({ image, given }: Examples) => ({
  image: [...image.dataSync()],
  frames: given.window!.frames.map((frame) => [...frame.dataSync()]),
  noise: [...given.window!.noise.dataSync()],
});

async function examples(step: number, changes: Partial<typeof settings> = {}, tensors: readonly Tensor[] = weights) {
  store.reads.length = 0;
  const made = await new OwnPredictions(chain, store, [0, 2], { ...settings, ...changes }).examples(step, tensors);
  const values = valuesOf(made);
  disposeExamples(made);
  return { ...values, reads: [...store.reads] };
}

/** The best guesses from the true frames of a read but its last `predictions` + 1, as `predict` makes them. */
async function guesses(read: { clip: number; first: number; count: number }, predictions: number): Promise<number[][]> {
  const size = frameBytes(shape);
  const bytes = new Uint8Array(read.count * size);
  store.read(read.clip, read.first, read.count, bytes);
  const context = new Context(shape);
  const known = read.count - 1 - predictions;
  for (let frame = 0; frame < known; frame++) context.push(bytes.subarray(frame * size, (frame + 1) * size));
  const sampler = new FrameSampler(model);
  const made: number[][] = [...Array(known).keys()].map((frame) => [
    ...bytes.subarray(frame * size, (frame + 1) * size),
  ]);
  for await (const guess of bestGuess(sampler, context)) {
    made.push([...guess]);
    if (made.length === read.count - 1) break;
  }
  sampler.dispose();
  return made;
}

test('the frames before are the best guesses that predict makes from true ones, and the image is true', async () => {
  const size = frameBytes(shape);
  const counts = new Set<number>();
  for (let step = 0; step < 8; step++) {
    const { image, frames, reads } = await examples(step);
    expect(reads.map(({ clip }) => clip).every((clip) => [0, 2].includes(clip))).toBe(true);
    const matches: number[] = [];
    const most = Math.min(7, ...reads.map(({ count }) => count - 2));
    for (let predictions = 1; predictions <= most; predictions++) {
      const made = await Promise.all(reads.map((read) => guesses(read, predictions)));
      const window = made.map((all) => [...all.slice(0, 1), ...all].slice(-2));
      const expected = [0, 1].map((place) => window.flatMap((two) => two[place]));
      if (JSON.stringify(expected) === JSON.stringify(frames)) matches.push(predictions);
    }
    expect(matches).toHaveLength(1);
    counts.add(matches[0]);
    reads.forEach(({ clip, first, count }, example) => {
      const truth = new Uint8Array(size);
      store.read(clip, first + count - 1, 1, truth);
      expect(image.slice(example * size, (example + 1) * size)).toEqual([...truth]);
    });
  }
  expect(counts.size).toBeGreaterThan(2);
});

test('they depend on the seed, the step and the weights', async () => {
  const third = await examples(3);
  expect(await examples(3)).toEqual(third);
  expect((await examples(4)).frames).not.toEqual(third.frames);
  expect((await examples(3, { seed: 6n })).frames).not.toEqual(third.frames);
  const other = toTensors(randomWeights(chain, 4), chain.parameters);
  const changed = await examples(3, {}, other);
  tf.dispose(other);
  expect(changed.image).toEqual(third.image);
  expect(changed.frames).not.toEqual(third.frames);
});

(bf16Sets.length > 0 ? test : test.skip)('they are made in the precision of the training', async () => {
  await tf.setBackend(`native-${bf16Sets[0].instructionSet}`);
  const own = toTensors(model.weights, chain.parameters);
  const differ = [];
  for (let step = 0; step < 6; step++) {
    const [exact, rounded] = [await examples(step, {}, own), await examples(step, { precision: 'bf16' }, own)];
    expect(rounded.image).toEqual(exact.image);
    if (JSON.stringify(rounded.frames) !== JSON.stringify(exact.frames)) differ.push(step);
  }
  tf.dispose(own);
  await tf.setBackend(`native-${kernelSets[0].instructionSet}`);
  expect(differ.length).toBeGreaterThan(0);
});

test('some are disturbed, and the network is told how strongly', async () => {
  const told: number[] = [];
  for (let step = 0; step < 6; step++) told.push(...(await examples(step, { disturb: 0.5 })).noise);
  expect(told).toContain(0);
  expect(Math.max(...told)).toBeGreaterThan(0);
});

test('in some the picture stands still: the image is the frame that all before were made of, but for a little noise', async () => {
  // Where nothing is moved and nothing added, the frame that is expected is the last.
  const parameters = chain.parameters.map(({ shape: dimensions }) => tf.zeros([...dimensions]));
  let still = 0;
  for (let step = 0; step < 12; step++) {
    const { image, frames } = await examples(step, { stills: 0.5 }, parameters);
    const moving = await examples(step, {}, parameters);
    expect(image).toEqual(moving.image);
    const size = frameBytes(shape);
    for (let example = 0; example < settings.batch; example++) {
      const own = (values: number[]) => values.slice(example * size, (example + 1) * size);
      const furthest = Math.max(...frames.flatMap((frame) => own(frame).map((v, i) => Math.abs(v - own(image)[i]))));
      if (furthest <= 3) still++;
      else expect(frames.map(own)).toEqual(moving.frames.map(own));
    }
  }
  tf.dispose(parameters);
  expect(still).toBeGreaterThan(6);
  expect(still).toBeLessThan(18);
});

test('a picture that is made to stand still is its last frame, with noise of up to a level before it', () => {
  const size = 3000;
  const frames = Uint8Array.from({ length: 3 * size }, (_, i) => (i % size < 1000 ? 0 : 100 + Math.floor(i / size)));
  const last = frames.slice(2 * size);
  const deviations = [1, 2, 3, 4, 5, 6].map((seed) => {
    const made = frames.slice();
    standStill(made, size, seed);
    expect(made.slice(2 * size)).toEqual(last);
    const errors = Array.from(made.slice(0, 2 * size), (level, i) => level - last[i % size]);
    // Where nothing was black, noise goes both ways.
    const free = errors.filter((_, i) => i % size >= 1000);
    expect(Math.abs(free.reduce((sum, error) => sum + error, 0) / free.length)).toBeLessThan(0.1);
    return Math.sqrt(free.reduce((sum, error) => sum + error ** 2, 0) / free.length);
  });
  expect(Math.max(...deviations)).toBeLessThan(1.2);
  expect(Math.max(...deviations)).toBeGreaterThan(0.3);
  expect(new Set(deviations).size).toBeGreaterThan(2);
});

test('nothing is left behind', async () => {
  const before = tf.memory().numTensors;
  await examples(1);
  expect(tf.memory().numTensors).toBe(before);
});

test('a training has them where clips are long enough and an anchor is learned', () => {
  const own = (frames: number, configuration = run) => {
    const built = buildChain(configuration.model);
    return clipData(built, movingSquares(1, frames, built.exampleShape), [0], [], configuration.training)
      .ownPredictions;
  };
  expect(own(9)).not.toBeNull();
  expect(own(8)).toBeNull();
  expect(own(9, tinyRun({ ownPredictions: 2 }))).toBeNull();
  expect(own(9, tinyRun({}, { conditioning: [warpedFrames] }))).toBeNull();
});
