import * as tf from '@tensorflow/tfjs-core';
import { buildChain } from '../../src/model/chain.js';
import { disposeExamples, type Examples } from '../../src/conditioning/context/examples.js';
import { createClipBatches } from '../../src/training/clip-batches.js';
import type { CropRegion } from '../../src/foundation/crop-region.js';
import { MAX_ZOOM, type ClipStore } from '../../src/training/random-frames.js';
import { kernelSets } from '../backend/implementations.js';
import { movingSquares, tinyRun } from './moving-square.js';

const { exampleShape: shape } = buildChain(tinyRun().model);
const settings = { seed: 3n, batch: 4, mirror: true, disturbed: 0, reversed: 0, withoutEarlier: 0, known: 1 };

beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));

function valuesOf({ image, inputImage, conditioningInputs }: Examples): number[][] {
  const tensors = [
    image,
    inputImage,
    ...(conditioningInputs.context
      ? [...conditioningInputs.context.frames, conditioningInputs.context.valid, conditioningInputs.context.noise]
      : []),
  ];
  return tensors.map((tensor) => [...tensor.dataSync()]);
}

/** All values of a step's batch. */
function batch(step: number, changes: Partial<typeof settings> = {}, clips = [0, 1, 2], crops = 0): number[][] {
  const batches = createClipBatches(shape, movingSquares(3, 9, shape), clips, { ...settings, ...changes });
  const examples = batches(step, crops);
  const values = valuesOf(examples);
  disposeExamples(examples);
  return values;
}

test('a batch depends on the seed and the step alone, not on the batches before it', () => {
  const batches = createClipBatches(shape, movingSquares(3, 9, shape), [0, 1, 2], settings);
  const inOrder = [0, 1, 2, 3].map((step) => valuesOf(batches(step, 0)));
  expect(valuesOf(batches(1, 0))).toEqual(inOrder[1]);
  expect(batch(2)).toEqual(inOrder[2]);
  expect(batch(3)).toEqual(inOrder[3]);
});

test('another step and another seed give other examples', () => {
  expect(batch(1)).not.toEqual(batch(0));
  expect(batch(0, { seed: 4n })).not.toEqual(batch(0));
});

test('an example does not depend on how many are drawn beside it', () => {
  const pixels = shape.size.width * shape.size.height;
  expect(batch(5, { batch: 1 })[0]).toEqual(batch(5)[0].slice(0, pixels));
});

test('only given clips are read, and each of their frames but the first is predicted, with its context', () => {
  const store = movingSquares(4, 5, shape);
  const batches = createClipBatches(shape, store, [1, 3], settings);
  for (let step = 0; step < 60; step++) disposeExamples(batches(step, 0));
  expect([...new Set(store.reads.map(({ clip }) => clip))].sort()).toEqual([1, 3]);
  const predicted = new Set(store.reads.map(({ clip, first, count }) => `${clip}: ${first + count - 1}`));
  expect([...predicted].sort()).toEqual([1, 3].flatMap((clip) => [1, 2, 3, 4].map((frame) => `${clip}: ${frame}`)));
  for (const { first, count } of store.reads) expect(count).toBe(first + count - 1 === 1 ? 2 : 3);
});

test('mirroring swaps left and right in the image and in all that is given with it', () => {
  const { width } = shape.size;
  const mirrored = (values: number[]) => values.map((_, at) => values[at - (at % width) + width - 1 - (at % width)]);
  const pixels = width * shape.size.height;
  let swapped = 0;
  for (let step = 0; step < 8; step++) {
    const plain = batch(step, { mirror: false, disturbed: 0 });
    const other = batch(step);
    for (let example = 0; example < settings.batch; example++) {
      // Without the planes that say which frames exist.
      const of = (values: number[][]) =>
        values.slice(0, 4).map((v) => v.slice(example * pixels, (example + 1) * pixels));
      if (JSON.stringify(of(plain)) === JSON.stringify(of(other))) continue;
      expect(of(other)).toEqual(of(plain).map(mirrored));
      swapped++;
    }
  }
  expect(swapped).toBeGreaterThan(8);
  expect(swapped).toBeLessThan(24);
});

test('frames with fewer known ones before them than asked for are not predicted', () => {
  const store = movingSquares(2, 7, shape);
  const batches = createClipBatches(shape, store, [0, 1], { ...settings, known: 4 });
  for (let step = 0; step < 40; step++) disposeExamples(batches(step, 0));
  expect(new Set(store.reads.map(({ first, count }) => first + count - 1))).toEqual(new Set([4, 5, 6]));
});

test('the frame before the first is missing: the oldest stands in for it, and a plane says so', () => {
  const batches = createClipBatches(shape, movingSquares(1, 2, shape), [0], {
    ...settings,
    mirror: false,
    disturbed: 0,
  });
  const { conditioningInputs } = batches(0, 0);
  const { frames, valid } = conditioningInputs.context!;
  expect([...frames[0].dataSync()]).toEqual([...frames[1].dataSync()]);
  expect([...valid.dataSync()].slice(0, 4)).toEqual([0, 1, 0, 1]);
});

test('crops are shown in some of the examples, context and image alike, if the store has them', () => {
  const store = movingSquares(3, 9, shape);
  const parts: CropRegion[] = [];
  const readPart: ClipStore['readPart'] = (clip, first, count, part, into) => {
    parts.push(part);
    store.read(clip, first, count, into);
    into.fill(7);
  };
  const batches = createClipBatches(shape, { ...store, readPart }, [0, 1, 2], settings);
  let shown = 0;
  for (let step = 0; step < 20; step++) {
    const values = valuesOf(batches(step, 0.5)).slice(0, 4);
    const pixels = shape.size.width * shape.size.height;
    for (let example = 0; example < settings.batch; example++) {
      const all = values.flatMap((v) => v.slice(example * pixels, (example + 1) * pixels));
      if (all.every((level) => level === 7)) shown++;
      else expect(all).not.toContain(7);
    }
  }
  expect(parts.length).toBe(shown);
  expect(shown).toBeGreaterThan(25);
  expect(shown).toBeLessThan(55);
  for (const { zoom, across, down } of parts) {
    expect(zoom >= 1 && zoom <= MAX_ZOOM).toBe(true);
    expect([across, down].every((place) => place >= 0 && place < 1)).toBe(true);
  }
  expect(batch(1, {}, [0, 1, 2], 1)).toEqual(batch(1));
});

test('disturbance changes what the network is shown in some of the examples, and never what it has to predict', () => {
  const pixels = shape.size.width * shape.size.height;
  let disturbed = 0;
  for (let step = 0; step < 10; step++) {
    const plain = batch(step);
    const other = batch(step, { disturbed: 0.5 });
    expect(other[0]).toEqual(plain[0]);
    expect(batch(step, { disturbed: 0.5 })).toEqual(other);
    for (let example = 0; example < settings.batch; example++) {
      const shown = (values: number[][]) =>
        values.slice(1, 4).map((v) => v.slice(example * pixels, (example + 1) * pixels));
      const values = shown(other).flat();
      expect(values.every((level) => Number.isInteger(level) && level >= 0 && level <= 255)).toBe(true);
      if (JSON.stringify(shown(other)) !== JSON.stringify(shown(plain))) disturbed++;
    }
  }
  expect(disturbed).toBeGreaterThan(10);
  expect(disturbed).toBeLessThan(30);
});

test('templates are left out in some of the examples, by the seed and the step alone; all else is as it was', () => {
  const examples = (step: number, withoutEarlier: number) =>
    createClipBatches(shape, movingSquares(3, 9, shape), [0, 1, 2], { ...settings, withoutEarlier })(step, 0);
  const earlierPixelsIn = (step: number, share: number) =>
    examples(step, share).earlierPixels?.dataSync().join() ?? 'all';
  const found = Array.from({ length: 20 }, (_, step) => earlierPixelsIn(step, 0.4));
  expect(Array.from({ length: 20 }, (_, step) => earlierPixelsIn(step, 0.4))).toEqual(found);
  const skipped = found.join().split('0').length - 1;
  expect(skipped).toBeGreaterThan(18);
  expect(skipped).toBeLessThan(46);
  expect(earlierPixelsIn(3, 0)).toBe('all');
  expect(earlierPixelsIn(3, 1)).toBe('0,0,0,0');
  expect(batch(3, { withoutEarlier: 1 })).toEqual(batch(3));
});

test('the network is told how strong a disturbance is, and exactly 0 where there is none', () => {
  const pixels = shape.size.width * shape.size.height;
  for (let step = 0; step < 10; step++) {
    const [image, seen, , , , noise] = batch(step, { disturbed: 0.5 });
    for (let example = 0; example < settings.batch; example++) {
      const [truth, shown, told] = [image, seen, noise].map((v) => v.slice(example * pixels, (example + 1) * pixels));
      expect(new Set(told).size).toBe(1);
      if (told[0] === 0) expect(shown).toEqual(truth);
      else expect(told[0]).toBeLessThan(256 / 16);
    }
  }
});

test('a batch that is disposed of leaves no tensor', () => {
  const batches = createClipBatches(shape, movingSquares(1, 4, shape), [0], settings);
  const before = tf.memory().numTensors;
  disposeExamples(batches(0, 0));
  expect(tf.memory().numTensors).toBe(before);
});

test('in some of the examples time runs backwards', () => {
  const pixels = shape.size.width * shape.size.height;
  // Of the frame before, and of the one to predict: the clips' frames are numbered by their first level.
  const store = {
    clips: [{ name: 'numbered', frames: 40 }],
    read(_: number, first: number, count: number, into: Uint8Array) {
      for (let frame = 0; frame < count; frame++) into.fill(first + frame, frame * pixels, (frame + 1) * pixels);
    },
  };
  const batches = createClipBatches(shape, store, [0], { ...settings, reversed: 0.5 });
  let backwards = 0;
  let forwards = 0;
  for (let step = 0; step < 40; step++) {
    const [image, , ...given] = valuesOf(batches(step, 0));
    for (let example = 0; example < settings.batch; example++) {
      const of = (values: number[]) => values[example * pixels];
      const frames = [...given.slice(0, shape.context).map(of), of(image)];
      const steps = frames.slice(1).map((frame, i) => frame - frames[i]);
      // The first frame of a clip stands in for those before it.
      const moved = steps.filter((change) => change !== 0);
      expect(new Set(moved).size).toBe(1);
      if (moved[0] === -1) backwards++;
      else forwards++;
      expect(Math.abs(moved[0])).toBe(1);
    }
  }
  expect(backwards).toBeGreaterThan(50);
  expect(forwards).toBeGreaterThan(50);
});
