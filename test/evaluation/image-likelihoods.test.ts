import * as tf from '@tensorflow/tfjs-core';
import {
  bitsPerPixelOfImage,
  scoreImages,
  summariseImages,
  type ImageNats,
  type ImageSource,
} from '../../src/evaluation/image-likelihoods.js';
import { toTensors, type Model } from '../../src/model/model.js';
import { ExampleBuffer } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { chainNats } from '../model/chain-nats.js';
import { kernelSets } from '../backend/implementations.js';
import { natsOfExamples } from '../model/nats-of-examples.js';
import { randomFrames, randomModel, sigmoid, softmax, tinyChain, tinyNetwork } from '../model/tiny-networks.js';

const best = `native-${kernelSets[kernelSets.length - 1].instructionSet}`;
beforeEach(() => tf.setBackend(best));

const models: [string, Model][] = [
  ['RGB, logistic mixture', randomModel([tinyNetwork({ conditioning: [] })])],
  ['RGB, softmax of 16 levels', randomModel([tinyNetwork({ conditioning: [], head: softmax, levels: 16 })])],
  [
    'grey of 2 levels, sigmoid',
    randomModel([tinyNetwork({ conditioning: [], channels: 1, levels: 2, head: sigmoid })]),
  ],
  [
    'RGB, two scales, Diagonal BiLSTM',
    randomModel(
      tinyChain({ conditioning: [], layers: [{ type: 'diagonal-bilstm', hidden: 6, initialState: 'zero' }] }),
    ),
  ],
];

const COUNT = 7;
function sourceFor({ chain }: Model): ImageSource {
  const bytes = frameBytes(chain.exampleShape);
  const images = randomFrames(chain.exampleShape, COUNT, 5);
  return { read: (index, into) => into.set(images.subarray(index * bytes, (index + 1) * bytes)) };
}
const all = Uint32Array.from({ length: COUNT }, (_, i) => i);

async function withWeights<T>(model: Model, use: (weights: tf.Tensor[]) => Promise<T>): Promise<T> {
  const weights = toTensors(model.weights, model.chain.parameters);
  try {
    return await use(weights);
  } finally {
    tf.dispose(weights);
  }
}

const score = (model: Model, batch?: number, indices = all) =>
  withWeights(model, (weights) =>
    scoreImages(model, weights, sourceFor(model), indices, { ...(batch !== undefined && { batch }) }),
  );

test('a likelihood that is not finite is an error that names its image', async () => {
  const [[, model]] = models;
  const weights = model.weights.map((values) => values.map((value) => 1e30 * value));
  await expect(score({ ...model, weights }, 1, all.subarray(3))).rejects.toMatchObject({
    code: 'CHECKPOINT',
    message: expect.stringMatching(
      /^score: image 3: expected a finite likelihood of every sub-pixel, received NaN at sub-pixel \d+ of \d+; use/,
    ) as string,
  });
});

describe.each(models)('%s', (_, model) => {
  test('every image costs what it costs alone, and its channels add up to it', async () => {
    const { images, channels } = await score(model);
    const bytes = new Uint8Array(frameBytes(model.chain.exampleShape));
    for (const index of all) {
      sourceFor(model).read(index, bytes);
      const buffer = new ExampleBuffer(model.chain.exampleShape, 1);
      buffer.add(bytes, 1, false);
      const [alone] = await withWeights(model, (weights) =>
        Promise.resolve(natsOfExamples(model.chain, weights, buffer.tensors())),
      );
      expect(images[index]).toBeCloseTo(alone, 8);
      expect(images[index]).toBeCloseTo(
        channels.reduce((sum, channel) => sum + channel[index], 0),
        9,
      );
    }
    expect(new Set(images).size).toBeGreaterThan(1);
  });

  test.each(kernelSets.map(({ instructionSet }) => instructionSet))(
    'no bit of any figure depends on the batch, on %s',
    async (set) => {
      await tf.setBackend(`native-${set}`);
      const summary = async (batch: number) => {
        const nats = await score(model, batch);
        return { nats, summary: summariseImages(nats, frameBytes(model.chain.exampleShape)) };
      };
      const one = await summary(1);
      for (const batch of [2, 3, 16]) expect(await summary(batch)).toEqual(one);
    },
  );

  test('the bits of the pixels add up to those of the image', async () => {
    const { images } = await score(model);
    const bits = await withWeights(model, (weights) => bitsPerPixelOfImage(model, weights, sourceFor(model), 3));
    expect(bits).toHaveLength(35);
    expect(bits.reduce((sum, value) => sum + value, 0)).toBeCloseTo(images[3] / Math.LN2, 5);
  });
});

test('other images cost something else: a figure would show a mix-up of images', async () => {
  const [, model] = models[0];
  const { images } = await score(model);
  const picked = await score(model, 2, Uint32Array.of(5, 0, 3));
  expect([...picked.images]).toEqual([images[5], images[0], images[3]]);
});

test('what a coarser scale costs stands at the pixel that the scales share', async () => {
  const [, model] = models[3];
  const { chain } = model;
  const source = sourceFor(model);
  const bytes = new Uint8Array(frameBytes(chain.exampleShape));
  source.read(2, bytes);
  const buffer = new ExampleBuffer(chain.exampleShape, 1);
  buffer.add(bytes, 1, false);
  await withWeights(model, async (weights) => {
    const bits = await bitsPerPixelOfImage(model, weights, source, 2);
    const coarse = tf.tidy(() => chainNats(chain, weights, buffer.tensors(), [0]).dataSync());
    // The coarse image has 3x4 pixels; its pixel (2, 1) is pixel (4, 2) of the 5x7 image.
    const at = (2 * 3 + 1) * 3;
    expect(bits[4 * 5 + 2]).toBeCloseTo((coarse[at] + coarse[at + 1] + coarse[at + 2]) / Math.LN2, 5);
  });
});

test('an abort ends the scoring between two batches and leaves no tensor', async () => {
  const [, model] = models[0];
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const told: number[] = [];
  const onProgress = (done: number) => {
    told.push(done);
    controller.abort(new Error('stopped'));
  };
  const scoring = withWeights(model, (weights) =>
    scoreImages(model, weights, sourceFor(model), all, { batch: 2, onProgress, signal: controller.signal }),
  );
  await expect(scoring).rejects.toThrow('stopped');
  expect(told).toEqual([2]);
  expect(tf.memory().numTensors).toBe(before);
});

test('the summary of four images of 3 RGB pixels is what their nats say', () => {
  const red = Float64Array.of(1, 2, 3, 4);
  const nats: ImageNats = {
    images: red.map((value) => 3 * value),
    channels: [red, red.map((value) => 2 * value), new Float64Array(4)],
  };
  const { bitsPerDim, natsPerImage, channels, spread } = summariseImages(nats, 9);
  expect(natsPerImage.mean).toBeCloseTo(7.5, 12);
  // The sample standard deviation of 1, 2, 3, 4 is sqrt(5 / 3).
  expect(natsPerImage.standardError).toBeCloseTo((3 * Math.sqrt(5 / 3)) / 2, 12);
  expect(bitsPerDim.mean).toBeCloseTo(7.5 / 9 / Math.LN2, 12);
  expect(channels.map(({ mean }) => mean * Math.LN2)).toEqual(
    [2.5 / 3, 5 / 3, 0].map((mean) => expect.closeTo(mean, 12) as number),
  );
  expect(spread.standardDeviation).toBeCloseTo((3 * Math.sqrt(5 / 3)) / 9 / Math.LN2, 12);
  const { min, median, max } = spread.quantiles;
  expect([min, median, max].map((bits) => bits * 3 * Math.LN2)).toEqual(
    [1, 2.5, 4].map((bits) => expect.closeTo(bits, 12) as number),
  );
});
