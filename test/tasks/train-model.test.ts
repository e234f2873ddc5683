import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { trainModel } from '../../src/tasks/train-model.js';
import { runSchema } from '../../src/training/configuration.js';
import '../backend/implementations.js';
import { temporaryFolder } from '../video/made-clips.js';
import { model, pngClip } from './tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend('native-typescript'));

/** Two steps on these clips. */
const configurationOf = (frames: string[]) =>
  runSchema.parse({
    model: model.description,
    training: { steps: 2, batch: 1 },
    data: { type: 'clips', frames },
  });

test('a training leaves nothing of an earlier one that came to no state: neither its log nor a tensor', async () => {
  const clip = await pngClip(folder.path, 'clip', 4);
  const before = tf.memory().numTensors;
  const out = join(folder.path, 'run');
  mkdirSync(out);
  writeFileSync(join(out, 'log.jsonl'), '{"step":1,"bitsPerDim":9}\n{"step":2,"bitsPerDim":99}\n');
  const { step } = await trainModel(out, configurationOf([clip]));
  expect(step).toBe(2);
  const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  expect(log.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([1, 2]);
  expect(tf.memory().numTensors).toBe(before);
});

test('a training whose clips are not there leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  const nowhere = configurationOf([join(folder.path, 'nowhere')]);
  await expect(trainModel(join(folder.path, 'none'), nowhere)).rejects.toMatchObject({ code: 'INPUT' });
  expect(tf.memory().numTensors).toBe(before);
});
