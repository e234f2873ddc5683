import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import type { ImageScoringProgress } from '../../../src/commands/evaluate/options.js';
import { scoreImageSet, type ScoreImageSetOptions } from '../../../src/commands/evaluate/score-image-set.js';
import { spaceIndices } from '../../../src/commands/evaluate/space-indices.js';
import { kernelSets } from '../../backend/implementations.js';
import { cifarRecords, folderWith, idx, refusal } from '../../datasets/made-files.js';
import { randomFrames, randomModel, sigmoid, tinyNetwork } from '../../model/tiny-networks.js';

const size = { width: 5, height: 7 };
const model = randomModel([tinyNetwork({ conditioning: [] })]);
const binary = randomModel([tinyNetwork({ conditioning: [], channels: 1, levels: 2, head: sigmoid })]);
const images = randomFrames({ size, channels: 3 }, 12, 1);

let folder: string;
beforeAll(async () => {
  await tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`);
  const files: Record<string, Buffer> = {};
  for (let i = 0; i < 12; i++) {
    const data = images.subarray(105 * i, 105 * (i + 1));
    files[`${i}.png`] = await sharp(data, { raw: { ...size, channels: 3 } })
      .png()
      .toBuffer();
  }
  folder = folderWith(files);
  process.env.PXV_DATA = folderWith({});
});
afterAll(() => {
  delete process.env.PXV_DATA;
});

const score = (changes: Partial<ScoreImageSetOptions> = {}, scored = model) =>
  scoreImageSet(scored, folder, { split: 'test', ...changes });

test('a folder of images is scored whole, in words, with baselines and the extremes', async () => {
  const result = await score();
  expect(result).toMatchObject({ images: 12, dimensions: 105, unit: 'bits/dim', exact: true, published: null });
  expect(result.channels).toHaveLength(3);
  expect(result.protocol[0]).toMatch(
    /^images: 12 images of the folder .*, those to learn from too, at 5x7; 12 of 12 scored$/,
  );
  expect(result.protocol[1]).toMatch(
    /^bits\/dim: -log P of an image, base 2, over its 105 sub-pixels; mean over images/,
  );
  expect(result.baselines.uniform).toBe(8);
  expect(result.baselines.histogram).toBeGreaterThan(4);
  expect(result.baselines.histogram).toBeLessThan(8);
  expect(result.baselines.png).toBeGreaterThan(result.baselines.histogram);
  expect(result.worst[0].bitsPerDim).toBe(result.spread.quantiles.max);
  expect(result.best[0].bitsPerDim).toBe(result.spread.quantiles.min);
  expect(result.worst).toHaveLength(8);
  for (const { index, file } of [...result.worst, ...result.best]) expect(file).toBe(join(folder, `${index}.png`));
});

test('a limit spreads over the split, and the mean is that of these images', async () => {
  expect([...spaceIndices(12, 3)]).toEqual([2, 6, 10]);
  expect([...spaceIndices(3, 3)]).toEqual([0, 1, 2]);
  const limited = await score({ limit: 3 });
  const single = await score({ limit: 1 });
  expect(limited.images).toBe(3);
  expect(limited.protocol[0]).toMatch(/; 3 of 12 scored, spread evenly over the split$/);
  expect(limited.worst.map(({ index }) => index).sort((a, b) => a - b)).toEqual([2, 6, 10]);
  expect(single.worst).toEqual(single.best);
  expect(single.bitsPerDim.standardError).toBeNaN();
});

test('a model of two levels is scored in nats per image, and so are its baselines', async () => {
  const result = await score({}, binary);
  expect(result).toMatchObject({ unit: 'nats/image', dimensions: 35 });
  expect(result.natsPerImage.mean).toBeCloseTo(result.bitsPerDim.mean * 35 * Math.LN2, 9);
  expect(result.baselines.uniform).toBeCloseTo(35 * Math.LN2, 9);
  expect(result.baselines.histogram).toBeLessThan(35 * Math.LN2);
  expect(result.protocol[2]).toBe('levels: 256 brought to 2, equal parts each');
});

test('published figures stand beside a model of the levels of the set alone', async () => {
  const data = folderWith({ 'binarized_test-idx3-ubyte': idx(2, { levels: 2 }) });
  const digits = { size: { width: 28, height: 28 }, channels: 1 as const, conditioning: [] };
  const publishedFor = async (changes: object) => {
    const scored = randomModel([tinyNetwork({ ...digits, ...changes })]);
    return (await scoreImageSet(scored, 'binarized-mnist', { split: 'test', data })).published;
  };
  expect((await publishedFor({ levels: 2, head: sigmoid }))?.scores.length).toBeGreaterThan(3);
  expect(await publishedFor({ levels: 3 })).toBeNull();
});

test('a split other than the test is scored where it is asked for', async () => {
  expect((await score({ split: 'train' })).images).toBe(11);
  expect((await score({ split: 'validation' })).images).toBe(1);
});

test('a sum over scales that is a bound is called one', async () => {
  const small = tinyNetwork({ size: { width: 3, height: 4 }, conditioning: [] });
  const fine = tinyNetwork({
    conditioning: [{ type: 'low-resolution-image', factor: 2, features: 4, shared: 'predicted' }],
  });
  const result = await score({ limit: 2 }, randomModel([small, fine]));
  expect(result.exact).toBe(false);
  expect(result.protocol[1]).toMatch(/^bits\/dim: an upper bound of -log P of an image/);
});

test.each([
  ['grey', binary],
  ['coloured', model],
])('the picture shows %s images and their heat maps', async (_, scored) => {
  const out = join(folderWith({}), 'extremes.png');
  await score({ out, limit: 10 }, scored);
  const { width, height, channels } = await sharp(out).metadata();
  // Columns of 8 images of 5 pixels, enlarged 20 times, and 4 rows of 7 with a label each.
  expect(channels).toBe(3);
  expect(width).toBe(8 * (5 * 20 + 2) + 2);
  expect(height).toBeGreaterThan(4 * 7 * 20);
});

test.each([['extremes.mp4'], ['extremes/']])('a picture cannot be %s', async (out) => {
  await expect(score({ out: join(folderWith({}), out) })).rejects.toMatchObject(
    refusal(/score images: .*expected a name that ends in \.png/, 'USAGE'),
  );
});

test('the picture takes the place of no scored image, and of another file only where that is asked for', async () => {
  const scored = join(folder, '3.png');
  const before = readFileSync(scored);
  await expect(score({ out: scored, overwrite: true })).rejects.toMatchObject(
    refusal(/the output (is|would replace) the input/, 'USAGE'),
  );
  expect(readFileSync(scored)).toEqual(before);
  const out = join(folderWith({ 'taken.png': '' }), 'taken.png');
  await expect(score({ out })).rejects.toMatchObject(refusal(/the file exists/, 'OUTPUT'));
  await score({ out, overwrite: true, limit: 8 });
  expect((await sharp(out).metadata()).channels).toBe(3);
});

test('a model of another size than a named set is refused, and so is one that is given frames', async () => {
  const data = folderWith({ 'test.bin': cifarRecords(1) });
  await expect(scoreImageSet(model, 'cifar', { split: 'test', data })).rejects.toMatchObject(
    refusal(
      /score images: random: expected a model of 32x32, RGB, as cifar is, received one of 5x7, RGB/,
      'CHECKPOINT',
    ),
  );
  await expect(score({}, randomModel([tinyNetwork()]))).rejects.toMatchObject(
    refusal(/expected a model of images, received one with 2 context frames/, 'USAGE'),
  );
});

test('progress goes through decoding, scoring and encoding, and an abort leaves no tensor', async () => {
  process.env.PXV_DATA = folderWith({});
  const told: ImageScoringProgress[] = [];
  await score({ onProgress: (progress) => told.push(progress) });
  const steps = told.map(({ what }) => what).filter((step, at, all) => step !== all[at - 1]);
  expect(steps).toEqual(['decode', 'score', 'encode']);
  expect(told.at(-1)).toEqual({ what: 'encode', done: 12, total: 12 });

  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const onProgress = ({ what }: ImageScoringProgress) => what === 'encode' && controller.abort(new Error('stopped'));
  await expect(score({ signal: controller.signal, onProgress })).rejects.toThrow('stopped');
  expect(tf.memory().numTensors).toBe(before);
});
