import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import * as tf from '@tensorflow/tfjs-core';
import { trainModel } from '../../../src/commands/train/train-model.js';
import type { TrainModelSettings } from '../../../src/commands/train/options.js';
import { runSchema, type RunConfiguration } from '../../../src/training/configuration.js';
import { SampleSheets } from '../../../src/training/sample-sheets.js';
import '../../backend/implementations.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { randomModel, tinyNetwork } from '../../model/tiny-networks.js';
import { model, pngClip } from './tiny-clips.js';
import { slowTest } from '../../extent.js';

const folder = temporaryFolder();
const now = performance.now.bind(performance);
let skipped = 0;
beforeAll(async () => {
  performance.now = () => now() + skipped;
  await tf.setBackend('native-wasm');
});
afterAll(() => {
  performance.now = now;
  folder.remove();
});

const at = (...parts: string[]) => join(folder.path, ...parts);
const sheetsOf = (run: string) => new SampleSheets(at(run, 'samples'));
const bytesOf = (run: string, name: string) => readFileSync(at(run, name));

/** Trains, or goes on, as if each step took a minute: there is time for samples. */
function slowly(
  run: string,
  configuration: RunConfiguration | null,
  stopAt = Infinity,
  settings: TrainModelSettings = {},
) {
  const controller = new AbortController();
  const onStep = ({ step }: { step: number }) => {
    skipped += 60_000;
    if (step === stopAt) controller.abort(new Error('stopped'));
  };
  return trainModel(at(run), configuration, { onStep, signal: controller.signal }, settings);
}

async function onClips(frames = 9): Promise<RunConfiguration> {
  for (const name of ['a', 'b', 'c'])
    if (!existsSync(at(`clips-${frames}`, name))) await pngClip(at(`clips-${frames}`), name, frames);
  return runSchema.parse({
    model: model.description,
    training: { steps: 4, batch: 1, validations: 4 },
    data: { type: 'clips', frames: [at(`clips-${frames}`)] },
  });
}

slowTest('samples are drawn after each validation that there is time for, and no weight knows of them', async () => {
  const before = tf.memory().numTensors;
  await slowly('drawn', await onClips());
  await trainModel(at('fast'), await onClips());
  expect(sheetsOf('drawn').steps).toEqual([2, 3, 4]);
  expect(sheetsOf('fast').steps).toEqual([]);
  for (const name of ['training.safetensors', 'model.safetensors'])
    expect(bytesOf('drawn', name).equals(bytesOf('fast', name))).toBe(true);
  expect(tf.memory().numTensors).toBe(before);
  // Four frames of 5x7 pixels to a row.
  expect(await sharp(sheetsOf('drawn').pathOf(4)).metadata()).toMatchObject({ width: 4 * 5 + 10, channels: 3 });

  await expect(slowly('resumed', await onClips(), 2)).rejects.toThrow('stopped');
  writeFileSync(sheetsOf('resumed').pathOf(3), 'of a process that was killed');
  await slowly('resumed', null);
  // Time is counted from there: the first validation comes too early.
  expect(sheetsOf('resumed').steps).toEqual([2, 4]);
  for (const name of ['samples/2.png', 'samples/4.png', 'training.safetensors'])
    expect(bytesOf('resumed', name).equals(bytesOf('drawn', name))).toBe(true);
});

test('a new training takes no folder in which samples lie, and replaces them where it may', async () => {
  mkdirSync(at('used', 'samples'), { recursive: true });
  writeFileSync(at('used', 'samples', '700.png'), 'mine');
  await expect(trainModel(at('used'), await onClips(3))).rejects.toThrow(/a folder that holds samples; /);
  expect(readFileSync(at('used', 'samples', '700.png'), 'utf8')).toBe('mine');
  await slowly('used', await onClips(3), Infinity, { overwrite: true });
  expect(sheetsOf('used').steps).toEqual([2, 3, 4]);
  // Where fewer frames validate, as many are drawn as there are.
  expect(await sharp(sheetsOf('used').pathOf(4)).metadata()).toMatchObject({ width: 2 * 5 + 6 });
});

test('a model of images draws images', async () => {
  const { description } = randomModel([tinyNetwork({ conditioning: [] })]);
  const images = await pngClip(folder.path, 'images', 6);
  const asked = { model: description, training: { steps: 2, batch: 1, validations: 2 } };
  await slowly('of-images', runSchema.parse({ ...asked, data: { type: 'images', set: images } }));
  expect(sheetsOf('of-images').steps).toEqual([2]);
  expect(await sharp(sheetsOf('of-images').pathOf(2)).metadata()).toMatchObject({ width: 30, height: 4 * 7 + 10 });
});
