import { jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleImages } from '../../../src/commands/sample-images/sample-images.js';
import { scoreImageSet } from '../../../src/commands/evaluate/score-image-set.js';
import '../../backend/implementations.js';
import { randomModel, sigmoid, tinyBound, tinyChain, tinyNetwork } from '../../model/tiny-networks.js';
import { temporaryFolder } from '../../video/made-clips.js';

beforeAll(() => tf.setBackend('native-wasm'));

const { path: folder, remove } = temporaryFolder();
afterAll(remove);
const model = randomModel([
  tinyNetwork({ channels: 1, levels: 2, head: sigmoid, conditioning: [], size: { width: 4, height: 3 } }),
]);
const settings = { temperature: 1 };

/** Samples 20 images (a batch of 16, then 4) until `stopAt` are done. */
function sampleUntil(stopAt: number, out: string, onDrawn?: () => void) {
  const controller = new AbortController();
  const onProgress = (done: number) => done > stopAt && controller.abort(new Error('stopped'));
  return sampleImages(model, {
    out,
    count: 20,
    settings,
    seed: 1,
    scale: 1,
    onProgress,
    onDrawn,
    signal: controller.signal,
    keepFinished: true,
  });
}

test('an interrupted sampling writes the images that are finished, and these are the first of the whole', async () => {
  const whole = await sampleUntil(Infinity, join(folder, 'whole'));
  expect(whole.images).toBe(20);
  const onDrawn = jest.fn();
  const part = await sampleUntil(17, join(folder, 'part'), onDrawn);
  expect(onDrawn).toHaveBeenCalledTimes(1);
  expect(part.images).toBe(16);
  expect(part.bitsPerDim).toBeGreaterThan(0);
  const names = readdirSync(join(folder, 'part'));
  expect(names).toHaveLength(16);
  for (const name of names)
    expect(readFileSync(join(folder, 'part', name))).toEqual(readFileSync(join(folder, 'whole', name)));
});

test('a sampling that is interrupted before any image is finished writes nothing and leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  const out = join(folder, 'none.png');
  const onDrawn = jest.fn();
  await expect(sampleUntil(3, out, onDrawn)).rejects.toThrow('stopped');
  expect(onDrawn).not.toHaveBeenCalled();
  expect(existsSync(out)).toBe(false);
  expect(tf.memory().numTensors).toBe(before);
});

test('an output that exists is replaced only where that is asked for', async () => {
  const out = join(folder, 'taken');
  const draw = (count: number, overwrite: boolean) =>
    sampleImages(model, { out, overwrite, count, settings, seed: 1, scale: 1 });
  await draw(3, false);
  await expect(draw(1, false)).rejects.toMatchObject({ code: 'OUTPUT' });
  expect(readdirSync(out)).toHaveLength(3);
  await draw(1, true);
  expect(readdirSync(out)).toHaveLength(1);
});

test('the bits of a chain that draws shared pixels twice are not those of scoring the image, as it says', async () => {
  for (const [scales, exact] of [
    [tinyBound({ conditioning: [] }), false],
    [tinyChain({ conditioning: [] }), true],
  ] as const) {
    const chained = randomModel(scales);
    const out = join(folder, `exact-${exact}`);
    const drawn = await sampleImages(chained, { out, count: 1, settings, seed: 1, scale: 1 });
    expect(drawn.exact).toBe(exact);
    const { bitsPerDim } = await scoreImageSet(chained, out, { split: 'test' });
    if (exact) expect(drawn.bitsPerDim).toBeCloseTo(bitsPerDim.mean, 5);
    else expect(Math.abs(drawn.bitsPerDim - bitsPerDim.mean)).toBeGreaterThan(0.01);
  }
});

test('refuses a temperature below zero before any work', async () => {
  const options = { out: join(folder, 'cold.png'), count: 1, seed: 1, scale: 1 };
  const draw = sampleImages(model, { ...options, settings: { temperature: -1 } });
  await expect(draw).rejects.toMatchObject({ code: 'USAGE' });
});
