import * as tf from '@tensorflow/tfjs-core';
import { buildChain } from '../../src/model/chain.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { createClipTrainingData } from '../../src/training/clip-batches.js';
import { freezeFrames } from '../../src/training/noise-augmentation.js';
import { disposeRollout } from '../../src/optimization/anchor-loss.js';
import { createRolloutBatches, PREDICTED_FRAMES } from '../../src/training/rollouts.js';
import { kernelSets } from '../backend/implementations.js';
import { warpedFrames } from '../model/tiny-networks.js';
import { movingSquares, tinyRun } from './moving-square.js';

const run = tinyRun({ stages: [{ rollOuts: 2 }] }, { conditioning: [warpedFrames] });
const shape = buildChain(run.model).exampleShape;
const settings = { seed: 5n, maxRollouts: 2, mirror: false, reversed: 0, still: 0, known: 1 };
const store = movingSquares(3, 14, shape);
const size = frameBytes(shape);
const middle = new Array<number>(size).fill((shape.levels - 1) / 2);

beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));

/** The frames of each example of a step's rollouts: those of the context, and those to be predicted. */
function rollOuts(step: number, changes: Partial<typeof settings> = {}) {
  store.reads.length = 0;
  const made = createRolloutBatches(shape, store, [0, 2], { ...settings, ...changes })(
    step,
    { from: 0, to: settings.maxRollouts },
    0,
  )!;
  const [{ frames, valid, noise }] = made.known.map(({ conditioningInputs }) => conditioningInputs.context!);
  const ofExample = (tensors: readonly tf.Tensor[], example: number) =>
    tensors.map((tensor) => [...tensor.dataSync()].slice(example * size, (example + 1) * size));
  const examples = Array.from({ length: settings.maxRollouts }, (_, example) => ({
    context: ofExample(frames, example),
    truth: ofExample(made.truth, example),
    valid: [...valid.dataSync()].slice(example * valid.size * 0.5, example * valid.size * 0.5 + frames.length),
    noise: Math.max(...noise.dataSync()),
    slower: made.known.slice(1).map(({ subsequence, conditioningInputs, counts }) => ({
      subsequence,
      context: ofExample(conditioningInputs.context!.frames, example),
      counts: counts.dataSync()[example],
    })),
    read: { ...store.reads[example] },
  }));
  disposeRollout(made);
  return examples;
}

/** The frames of a read. */
function framesOf({ clip, first, count }: { clip: number; first: number; count: number }): number[][] {
  const bytes = new Uint8Array(count * size);
  store.read(clip, first, count, bytes);
  return Array.from({ length: count }, (_, frame) => [...bytes.subarray(frame * size, (frame + 1) * size)]);
}

test('a rollout starts after as many known frames as asked for', () => {
  const starts = new Set<number>();
  for (let step = 0; step < 24; step++) {
    for (const { read } of rollOuts(step, { known: 4 })) starts.add(read.first + read.count - PREDICTED_FRAMES);
  }
  expect([...starts].sort()).toEqual([4, 5, 6]);
});

test('eight frames of a clip follow those before at each stride, the oldest again if there is but one', () => {
  const known = new Set<number>();
  for (let step = 0; step < 24; step++) {
    for (const { context, truth, valid, noise, read, slower } of rollOuts(step)) {
      expect([0, 2]).toContain(read.clip);
      const frames = framesOf(read);
      expect(truth).toEqual(frames.slice(-8));
      const before = frames.slice(0, -8);
      known.add(before.length);
      expect(context).toEqual([before[0], ...before].slice(-2));
      expect(valid).toEqual(before.length === 1 ? [0, 1] : [1, 1]);
      expect(noise).toBe(0);
      const parts = [
        { subsequence: { stride: 2, phase: 0 }, newest: before.length - 1 },
        { subsequence: { stride: 2, phase: 1 }, newest: before.length - 2 },
        { subsequence: { stride: 4, phase: 0 }, newest: before.length - 1 },
      ];
      expect(slower).toEqual(
        parts.map(({ subsequence, newest }) => {
          const last = before[newest] ?? middle;
          const context = [before[newest - subsequence.stride] ?? last, last];
          return { subsequence, context, counts: newest >= subsequence.stride ? 1 : 0 };
        }),
      );
    }
  }
  expect([...known].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('they depend on the seed and the step', () => {
  const third = rollOuts(3);
  expect(rollOuts(3)).toEqual(third);
  expect(rollOuts(4)).not.toEqual(third);
  expect(rollOuts(3, { seed: 6n })).not.toEqual(third);
});

test('every other is mirrored, all its frames together', () => {
  const mirror = (frame: number[]) => {
    const { width, height } = shape.size;
    const at = (y: number, x: number) => (y * width + x) * shape.channels;
    return Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => frame.slice(at(y, width - 1 - x), at(y, width - 1 - x) + shape.channels)),
    ).flat(2);
  };
  let mirrored = 0;
  for (let step = 0; step < 12; step++) {
    const plain = rollOuts(step);
    rollOuts(step, { mirror: true }).forEach(({ context, truth }, example) => {
      const own = plain[example];
      if (JSON.stringify(truth) === JSON.stringify(own.truth)) return;
      mirrored++;
      expect(context).toEqual(own.context.map(mirror));
      expect(truth).toEqual(own.truth.map(mirror));
    });
  }
  expect(mirrored).toBeGreaterThan(6);
  expect(mirrored).toBeLessThan(18);
});

test('in some the picture stands still: all frames are the last, those before it with a little noise', () => {
  let still = 0;
  for (let step = 0; step < 12; step++) {
    const moving = rollOuts(step);
    rollOuts(step, { still: 0.5 }).forEach(({ context, truth }, example) => {
      const last = moving[example].truth[7];
      expect(truth[7]).toEqual(last);
      const furthest = Math.max(...[...context, ...truth].flat().map((v, i) => Math.abs(v - last[i % size])));
      if (furthest <= 3) still++;
      else expect({ context, truth }).toEqual({ context: moving[example].context, truth: moving[example].truth });
    });
  }
  expect(still).toBeGreaterThan(6);
  expect(still).toBeLessThan(18);
});

test('a picture that is made to stand still is its last frame, with noise of up to a level before it', () => {
  const size = 3000;
  const frames = Uint8Array.from({ length: 3 * size }, (_, i) => (i % size < 1000 ? 0 : 100 + Math.floor(i / size)));
  const last = frames.slice(2 * size);
  const deviations = [1, 2, 3, 4, 5, 6].map((seed) => {
    const made = frames.slice();
    freezeFrames(made, size, seed);
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

test('nothing is left behind', () => {
  const before = tf.memory().numTensors;
  rollOuts(1);
  expect(tf.memory().numTensors).toBe(before);
});

test('a training has them where clips are long enough and an anchor is learned', () => {
  const own = (frames: number, configuration = run) => {
    const built = buildChain(configuration.model);
    const data = createClipTrainingData(
      built,
      movingSquares(1, frames, built.exampleShape),
      [0],
      [],
      configuration.training,
    );
    const [stage] = configuration.training.stages;
    const made = data.rollout(0, stage, { from: 0, to: stage.rollOuts });
    if (made !== null) disposeRollout(made);
    return made;
  };
  expect(own(9)).not.toBeNull();
  expect(own(8)).toBeNull();
  expect(() => tinyRun({ stages: [{ rollOuts: 2 }] })).toThrow('models of one scale that learns the expected frame');
  expect(own(9, tinyRun({}, { conditioning: [warpedFrames] }))).toBeNull();
});
