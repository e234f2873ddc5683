import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { selectHeldOutImages } from '../../../datasets/held-out.js';
import { describeModel, type PresetSettings } from '../../../src/model/presets.js';
import { dryRunTraining } from '../../../src/commands/train/dry-run.js';
import type { SequenceDataInfo, TrainingInfo } from '../../../src/commands/train/options.js';
import { trainModel } from '../../../src/commands/train/train-model.js';
import { runSchema, type RunConfiguration } from '../../../src/training/configuration.js';
import { fastest } from '../../backend/implementations.js';
import { idx } from '../../datasets/made-files.js';
import { temporaryFolder } from '../../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend(fastest));

const DIGITS = 20;
const at = (...parts: string[]) => join(folder.path, ...parts);

/** Writes a folder of MNIST's training images, of which those at `bright` are noise and the others black. */
function writeDigits(name: string, bright: Iterable<number>, seed = 1): string {
  const file = idx(DIGITS, { seed });
  const shown = new Set(bright);
  for (let digit = 0; digit < DIGITS; digit++) {
    if (!shown.has(digit)) file.fill(0, 16 + 784 * digit, 16 + 784 * (digit + 1));
  }
  mkdirSync(at(name), { recursive: true });
  writeFileSync(at(name, 'train-images-idx3-ubyte'), file);
  return at(name);
}

const every = Array.from({ length: DIGITS }, (_, digit) => digit);

/** Two steps of a tiny network on sequences of the digits in a folder. */
function configurationOf(digits: string, settings: Partial<PresetSettings> = {}): RunConfiguration {
  const model = describeModel('pixel-cnn', {
    size: { width: 64, height: 64 },
    channels: 1,
    levels: 256,
    hidden: 3,
    layers: 0,
    head: 'logistic-mixture',
    context: 2,
    frames: 'previous-frames',
    ...settings,
  });
  return runSchema.parse({
    model,
    training: { steps: 2, batch: 1, validations: 1, stages: [{ rollOuts: 0 }] },
    data: { type: 'moving-mnist', folder: digits },
  });
}

const stateOf = (run: string) => readFileSync(join(run, 'training.safetensors'));

/** Returns what a training would learn from, and ends it before its first step. */
async function learnedFrom(run: string, configuration: RunConfiguration): Promise<SequenceDataInfo> {
  const controller = new AbortController();
  const started: SequenceDataInfo[] = [];
  const onStart = ({ data }: TrainingInfo) => {
    started.push(data as SequenceDataInfo);
    controller.abort(new Error('stopped'));
  };
  await expect(trainModel(run, configuration, { signal: controller.signal, onStart })).rejects.toThrow('stopped');
  return started[0];
}

/** Trains until the first step is done. */
async function stopAfterOne(run: string, configuration: RunConfiguration): Promise<void> {
  const controller = new AbortController();
  const hooks = { signal: controller.signal, onStep: () => controller.abort(new Error('stopped')) };
  await expect(trainModel(run, configuration, hooks)).rejects.toThrow('stopped');
}

test('a training on sequences says what it is made of, and scores the same baseline for every seed', async () => {
  const configuration = configurationOf(writeDigits('noise', every));
  const data = await learnedFrom(at('seed-1'), configuration);
  expect(data).toMatchObject({ digits: 18, validationDigits: 2, validationSequences: 100, baselines: { uniform: 8 } });
  const list = readFileSync(at('seed-1', 'data.jsonl'), 'utf8').trimEnd().split('\n');
  expect(list.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ path: 'train-images-idx3-ubyte' }]);

  const other = { ...configuration, training: { ...configuration.training, seed: '2' } };
  expect((await learnedFrom(at('seed-2'), other)).baselines).toEqual(data.baselines);
});

test('digits to validate on are others than those to learn from', async () => {
  const { validation, train } = selectHeldOutImages(DIGITS);
  const baselineOf = async (name: string, bright: Iterable<number>) => {
    const data = await learnedFrom(at(`of-${name}`), configurationOf(writeDigits(name, bright)));
    return data.baselines['previous-frame'];
  };
  // Black frames have no differences.
  expect(await baselineOf('black-validation', train)).toBeCloseTo(0, 9);
  expect(await baselineOf('black-training', validation)).toBeGreaterThan(0.5);
});

test('a stopped training is resumed to the very same weights, once its digits are back', async () => {
  const configuration = configurationOf(writeDigits('moved', every));
  const { best } = await trainModel(at('whole'), configuration);
  expect(best?.bitsPerDim).toBeGreaterThan(0);
  await stopAfterOne(at('stopped'), configuration);
  renameSync(at('moved'), at('elsewhere'));
  await expect(trainModel(at('stopped'), null)).rejects.toMatchObject({ code: 'INPUT' });
  renameSync(at('elsewhere'), at('moved'));
  expect((await trainModel(at('stopped'), null)).step).toBe(2);
  expect(stateOf(at('stopped')).equals(stateOf(at('whole')))).toBe(true);
});

test('a training is not resumed with other digits', async () => {
  await stopAfterOne(at('other'), configurationOf(writeDigits('changed', every)));
  writeDigits('changed', every, 2);
  await expect(trainModel(at('other'), null)).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(/received 1 changed: train-images-idx3-ubyte has changed/) as string,
  });
});

test('of fewer than ten digits none validates, and the training has no validation', async () => {
  mkdirSync(at('few'));
  writeFileSync(at('few', 'train-images-idx3-ubyte'), idx(9));
  const { facts, best } = await trainModel(at('of-few'), configurationOf(at('few')));
  expect({ data: facts.data, best }).toMatchObject({
    data: { digits: 9, validationSequences: 0, baselines: { 'previous-frame': null } },
    best: null,
  });
});

test.each([
  [{ channels: 3 }, '64x64 and 3'],
  [{ size: { width: 32, height: 64 } }, '32x64 and 1'],
] as const)('a model of %j is refused in one line, and leaves nothing', async (settings, received) => {
  const configuration = configurationOf(writeDigits('fine', every), settings);
  const refusal = {
    code: 'USAGE',
    message:
      `train: moving-mnist: expected a model of 64x64 pixels and 1 channel, received ${received}; describe the model ` +
      'for these frames: leave out --size and --channels',
  };
  await expect(trainModel(at('refused'), configuration)).rejects.toMatchObject(refusal);
  await expect(dryRunTraining(configuration)).rejects.toMatchObject(refusal);
  expect(existsSync(at('refused'))).toBe(false);
});

test('a dry run counts the digits', async () => {
  const { found } = await dryRunTraining(configurationOf(writeDigits('counted', every)));
  expect(found).toEqual({ unit: 'digits', count: 18 });
});
