import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { bitsPerPixelOfImage } from '../../../src/evaluation/image-likelihoods.js';
import type { Frame } from '../../../src/foundation/frame.js';
import { toTensors, type Model } from '../../../src/model/model.js';
import { levelsToBytes } from '../../../src/foundation/levels.js';
import { FrameHistory } from '../../../src/conditioning/context/examples.js';
import { FrameSampler } from '../../../src/sampling/frame-sampler.js';
import { completeImage, type CompleteImageOptions } from '../../../src/commands/sample-images/complete-image.js';
import { encodePng } from '../../../src/video/index.js';
import { kernelSets } from '../../backend/implementations.js';
import { folderWith, refusal } from '../../datasets/made-files.js';
import { randomModel, sigmoid, softmax, tinyBound, tinyChain, tinyNetwork } from '../../model/tiny-networks.js';

beforeEach(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const models: [string, Model][] = [
  ['RGB, logistic mixture', randomModel([tinyNetwork({ conditioning: [] })])],
  [
    'grey of 2 levels, sigmoid',
    randomModel([tinyNetwork({ conditioning: [], channels: 1, levels: 2, head: sigmoid })]),
  ],
  ['RGB of 16 levels, two scales', randomModel(tinyChain({ conditioning: [], head: softmax, levels: 16 }))],
];
const asItIs = { temperature: 1 };
const ROW = 3;

/** Samples 0, 1, ... that the model draws of whole images from seed 7. */
async function drawn(model: Model, samples: number): Promise<Frame[]> {
  const sampler = new FrameSampler(model);
  const histories = Array.from({ length: samples }, () => new FrameHistory(model.chain.exampleShape));
  const numbers = histories.map((_, sample) => sample);
  const draw = { seed: 7, samples: numbers, frame: 0, settings: asItIs };
  const images = await sampler.draw(FrameHistory.examples(histories), draw);
  sampler.dispose();
  const { size, channels } = model.chain.exampleShape;
  return images.map(({ levels }) => ({ ...size, channels, data: levelsToBytes(model.chain.exampleShape, levels) }));
}

async function complete(model: Model, image: Frame, changes: Partial<CompleteImageOptions> = {}, place?: string) {
  const path = place ?? join(folderWith({ 'image.png': await encodePng(image) }), 'image.png');
  const out = join(dirname(path), 'out.png');
  const options = { out, fromRow: ROW, samples: 3, settings: asItIs, seed: 7, scale: 1, fit: 'crop' as const };
  return { out, ...(await completeImage(model, path, { ...options, ...changes })) };
}

const upper = ({ data, width, channels }: Frame) => Buffer.from(data.subarray(0, ROW * width * channels));
const lower = ({ data, width, channels }: Frame) => Buffer.from(data.subarray(ROW * width * channels));

describe.each(models)('%s', (_, model) => {
  test('the upper rows are kept bit by bit, and the others differ from sample to sample', async () => {
    const [image] = await drawn(model, 1);
    const { images } = await complete(model, image, { seed: 8 });
    for (const completed of images) expect(upper(completed).equals(upper(image))).toBe(true);
    expect(new Set(images.map((completed) => lower(completed).toString('hex'))).size).toBe(3);
  });

  test('an image that was drawn is drawn again from its upper rows and its noise', async () => {
    const image = (await drawn(model, 2))[1];
    const { images } = await complete(model, image);
    expect(Buffer.from(images[1].data).equals(image.data)).toBe(true);
    expect(Buffer.from(images[0].data).equals(image.data)).toBe(false);
  });

  test('from row 0 on nothing is kept: it is sampling', async () => {
    const images = await drawn(model, 2);
    const completed = await complete(model, images[0], { fromRow: 0, samples: 2 });
    for (const i of [0, 1]) expect(Buffer.from(completed.images[i].data).equals(images[i].data)).toBe(true);
  });

  test('what is drawn costs what scoring says that the lower rows cost', async () => {
    const [image] = await drawn(model, 1);
    // Of another seed, so that it costs what it does only where all scales have kept the upper rows.
    const { images, bitsPerDim, dimensions } = await complete(model, image, { samples: 1, seed: 8 });
    const weights = toTensors(model.weights, model.chain.parameters);
    const bits = await bitsPerPixelOfImage(model, weights, { read: (_, into) => into.set(images[0].data) }, 0);
    tf.dispose(weights);
    const below = bits.subarray(ROW * 5).reduce((sum, value) => sum + value, 0);
    expect(dimensions).toBe(4 * 5 * image.channels);
    expect(bitsPerDim * dimensions).toBeCloseTo(below, 2);
  });
});

test('one network completes exactly; a chain only if it keeps nothing and its sum over scales is exact', async () => {
  const [[, single], , [, chain]] = models;
  const bound = randomModel(tinyBound({ conditioning: [], head: softmax, levels: 16 }));
  const isExact = async (model: Model, fromRow: number) => {
    const [image] = await drawn(model, 1);
    return (await complete(model, image, { fromRow, samples: 1 })).exact;
  };
  expect([await isExact(single, ROW), await isExact(chain, ROW), await isExact(bound, ROW)]).toEqual([
    true,
    false,
    false,
  ]);
  expect([await isExact(chain, 0), await isExact(bound, 0)]).toEqual([true, false]);
});

test('the contact sheet holds the image, what is kept and the samples, enlarged', async () => {
  const [, model] = models[0];
  const [image] = await drawn(model, 1);
  const { out } = await complete(model, image, { samples: 2, scale: 6 });
  const { width, channels } = await sharp(out).metadata();
  expect({ width, channels }).toEqual({ width: 2 * (5 * 6 + 2) + 2, channels: 3 });
});

test('the image is never replaced, and another output only where that is asked for', async () => {
  const [, model] = models[0];
  const [image] = await drawn(model, 1);
  const folder = folderWith({ 'image.png': await encodePng(image), 'out.png': '' });
  const [path, out] = ['image.png', 'out.png'].map((name) => join(folder, name));
  const again = (output: string, overwrite: boolean) => complete(model, image, { out: output, overwrite }, path);
  await expect(again(path, true)).rejects.toMatchObject(refusal(/the output (is|would replace) the input/, 'USAGE'));
  expect((await sharp(path).metadata()).width).toBe(image.width);
  await expect(again(out, false)).rejects.toMatchObject(refusal(/the file exists/, 'OUTPUT'));
  await again(out, true);
  expect((await sharp(out).metadata()).width).toBeGreaterThan(image.width);
});

test('a lower temperature draws likelier images', async () => {
  const [, model] = models[0];
  const [image] = await drawn(model, 1);
  const cold = await complete(model, image, { settings: { temperature: 0.3 } });
  expect(cold.bitsPerDim).toBeLessThan((await complete(model, image)).bitsPerDim);
});

test.each<[string, Partial<CompleteImageOptions>, Model, RegExp]>([
  ['a row that the image has not', { fromRow: 7 }, models[0][1], /--from-row: expected a row from 0 to 6, received 7/],
  ['another file than PNG', { out: '/tmp/pxv-completed.jpg' }, models[0][1], /expected a name that ends in \.png/],
  [
    'a model of video',
    {},
    randomModel([tinyNetwork()]),
    /expected a model of images, received one with 2 context frames/,
  ],
])('%s is refused', async (_, changes, model, message) => {
  const image = (await drawn(models[0][1], 1))[0];
  await expect(complete(model, image, changes)).rejects.toMatchObject(refusal(message, 'USAGE'));
});
