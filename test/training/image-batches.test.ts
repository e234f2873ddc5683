import * as tf from '@tensorflow/tfjs-core';
import { buildChain } from '../../src/model/chain.js';
import { disposeExamples, ExampleBuffer } from '../../src/conditioning/context/examples.js';
import { describeModel } from '../../src/model/presets.js';
import { toTensors } from '../../src/model/model.js';
import { runSchema, type TrainingSettings } from '../../src/training/configuration.js';
import { createImageBatches, createImageTrainingData, type ImageStore } from '../../src/training/image-batches.js';
import { BITS_PER_NAT } from '../../src/evaluation/scoring.js';
import { kernelSets } from '../backend/implementations.js';
import { natsOfExamples } from '../model/nats-of-examples.js';
import { randomWeights } from '../model/tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const model = describeModel('pixel-cnn', {
  size: { width: 4, height: 3 },
  channels: 1,
  levels: 256,
  hidden: 4,
  layers: 1,
  head: 'softmax',
  context: 0,
});
const chain = buildChain(model);

const trainingWith = (training: TrainingSettings = {}) =>
  runSchema.parse({ model, training, data: { type: 'images', set: 'numbered' } }).training;

/** Images whose first pixel is their index; the rest ascends. */
function numbered(count: number): ImageStore & { reads: number[] } {
  const reads: number[] = [];
  return {
    count,
    reads,
    read(index, into) {
      reads.push(index);
      for (let at = 0; at < 12; at++) into[at] = 10 * at;
      into[0] = index;
    },
  };
}

const settings = { seed: 5n, batch: 4, mirror: false };

/** First pixel of each example of a step. */
function drawn(batches: ReturnType<typeof createImageBatches>, step: number): number[] {
  const examples = batches(step);
  const values = [...examples.image.dataSync()];
  disposeExamples(examples);
  return [0, 1, 2, 3].map((example) => values[12 * example]);
}

test('each epoch shows every image once, in an order of its own', () => {
  const batches = createImageBatches(chain, numbered(10), settings);
  const all = Array.from({ length: 5 }, (_, step) => drawn(batches, step)).flat();
  const first = all.slice(0, 10);
  const second = all.slice(10);
  const sorted = Array.from({ length: 10 }, (_, index) => index);
  expect([...first].sort((a, b) => a - b)).toEqual(sorted);
  expect([...second].sort((a, b) => a - b)).toEqual(sorted);
  expect(second).not.toEqual(first);
});

test('a batch depends on the seed and the step alone, not on the batches before it', () => {
  const inOrder = createImageBatches(chain, numbered(10), settings);
  const steps = [0, 1, 2, 3, 4].map((step) => drawn(inOrder, step));
  expect(drawn(inOrder, 1)).toEqual(steps[1]);
  expect(drawn(createImageBatches(chain, numbered(10), settings), 4)).toEqual(steps[4]);
  expect(drawn(createImageBatches(chain, numbered(10), { ...settings, seed: 6n }), 0)).not.toEqual(steps[0]);
});

test('where it is asked for, about half of the images are mirrored', () => {
  const batches = createImageBatches(chain, numbered(40), { ...settings, mirror: true });
  const mirrored = Array.from({ length: 10 }, (_, step) => {
    const examples = batches(step);
    const values = [...examples.image.dataSync()];
    disposeExamples(examples);
    return [0, 1, 2, 3].filter((example) => values[12 * example + 4] === 70);
  }).flat();
  expect(mirrored.length).toBeGreaterThan(10);
  expect(mirrored.length).toBeLessThan(30);
});

test('validation scores images spread evenly over what is held out, the same ones each time', async () => {
  const configuration = trainingWith({ validationExamples: 3 });
  const held = numbered(9);
  const weights = toTensors(randomWeights(chain, 1), chain.parameters);
  const { validate } = createImageTrainingData(chain, numbered(9), held, configuration);
  const once = await validate!(weights);
  expect(held.reads).toEqual([1, 4, 7]);
  expect(await validate!(weights)).toBe(once);
  const buffer = new ExampleBuffer(chain.exampleShape, 3);
  const bytes = new Uint8Array(12);
  for (const index of [1, 4, 7]) {
    held.read(index, bytes);
    buffer.add(bytes, 1, false);
  }
  const nats = natsOfExamples(chain, weights, buffer.tensors());
  expect(once).toBe(((nats[0] + nats[1] + nats[2]) / 3 / 12) * BITS_PER_NAT);
  tf.dispose(weights);
});

test('the validation has the same bits whatever the batch, of which no more are scored at once', async () => {
  const weights = toTensors(randomWeights(chain, 1), chain.parameters);
  const of = (batch: number) =>
    createImageTrainingData(chain, numbered(9), numbered(50), trainingWith({ batch })).validate!(weights);
  const once = await of(64);
  for (const batch of [1, 7, 32]) expect(await of(batch)).toBe(once);
  tf.dispose(weights);
});

test('without images for validation there is none', () => {
  expect(createImageTrainingData(chain, numbered(3), null, trainingWith()).validate).toBeNull();
});
