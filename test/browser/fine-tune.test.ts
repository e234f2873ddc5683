import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { fineTune, type Frame } from '../../src/browser/index.js';
import type { PxvError } from '../../src/foundation/errors.js';
import { loadModel, saveModel } from '../../src/model/checkpoint.js';
import { randomModel, tinyNetwork } from '../model/tiny-networks.js';
import { trainModel } from '../../src/commands/train/train-model.js';
import { runSchema } from '../../src/training/configuration.js';
import type { LogEntry } from '../../src/training/training-loop.js';
import type { Validation } from '../../src/training/validation.js';
import { writeFrameArray } from '../../src/video/array-writer.js';
import { streamed } from '../coding/coding.js';
import { model as random, slope } from '../commands/train/tiny-clips.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => chooseBackend({ threads: 1 }));

const training = { steps: 4, batch: 2, validations: 2, stages: [{ warmUp: 0, rate: 0.01 }] };
const frames = slope(12);
const from = join(folder.path, 'general.safetensors');
const clip = join(folder.path, 'clip.npy');
beforeAll(() => writeFrameArray(clip, streamed(frames)));
beforeAll(() => saveModel(from, { ...random, step: 7 }));

/** Trains as the command does, on the same frames in a file. */
async function trainedByCommand(settings: object) {
  const configuration = runSchema.parse({
    model: random.description,
    training: { ...training, ...settings, from },
    data: { type: 'clips', frames: [clip] },
  });
  const out = join(folder.path, 'run');
  await trainModel(out, configuration, {}, { overwrite: true });
  const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trim().split('\n');
  const entries = log.map((line) => JSON.parse(line) as LogEntry);
  const validations = entries.flatMap(({ step, validation }): Validation[] =>
    validation === undefined ? [] : [{ step, bitsPerDim: validation }],
  );
  return { model: loadModel(out), validations };
}

test.each([
  { name: 'one stage', settings: {} },
  { name: 'another seed', settings: { seed: '5' } },
])('learns the weights of pxv train --from, and scores as it does: $name', async ({ settings }) => {
  const expected = await trainedByCommand(settings);
  const validations: Validation[] = [];
  const steps: number[] = [];
  const learned = await fineTune(loadModel(from), frames, {
    training: { ...training, ...settings },
    onStart: ({ heldOutFrom, memoryBytes }) => {
      expect([heldOutFrom, validations, memoryBytes > 2 ** 20]).toEqual([10, [], true]);
    },
    onValidated: (validation) => validations.push(validation),
    onStep: ({ step }) => steps.push(step),
  });
  const { weights, step, description, drawing, frameRate, origin } = expected.model;
  expect(learned).toMatchObject({ weights, step, description, drawing, frameRate, origin });
  expect(learned.weights).not.toEqual(random.weights);
  expect(validations).toEqual(expected.validations);
  expect(steps).toEqual([1, 2, 3, 4]);
});

test('where nothing that is learned is better, the model stays as it was', async () => {
  const worse = { ...training, stages: [{ warmUp: 0, rate: 10 }] };
  const { step, weights } = await fineTune(random, frames, { training: worse });
  expect(step).toBe(0);
  expect(weights).toEqual(random.weights);
});

test('frames of another size are learned from at that size', async () => {
  const larger = frames.map(({ channels }, at): Frame => {
    return { width: 9, height: 8, channels, data: new Uint8Array(9 * 8 * channels).fill(20 * at) };
  });
  const { chain } = await fineTune(random, larger, { training: { ...training, steps: 1 } });
  expect(chain.exampleShape.size).toEqual({ width: 9, height: 8 });
});

test('a training that is stopped gives the best model so far', async () => {
  const stop = new AbortController();
  const validations: Validation[] = [];
  const learned = await fineTune(random, frames, {
    training: { ...training, steps: 100, validations: 50 },
    signal: stop.signal,
    onValidated: (validation) => validations.push(validation),
    onStep: ({ step }) => step === 5 && stop.abort(),
  });
  expect(validations.map(({ step }) => step)).toEqual([0, 2, 4]);
  const [best] = [...validations].sort((a, b) => a.bitsPerDim - b.bitsPerDim);
  expect(learned.step).toBe(best.step);
});

test('another error than the stop is passed on', async () => {
  const stop = new AbortController();
  const failing = fineTune(random, frames, {
    training,
    signal: stop.signal,
    onStep: () => {
      stop.abort();
      throw new Error('of the hook');
    },
  });
  await expect(failing).rejects.toThrow('of the hook');
});

const gray = frames.map(({ width, height }): Frame => {
  return { width, height, channels: 1, data: new Uint8Array(width * height) };
});
test.each<[string, Partial<Parameters<typeof fineTune>>, PxvError['code'], string]>([
  [
    'a clip of four frames',
    [random, frames.slice(0, 4)],
    'INPUT',
    'learn from a clip: frames: expected 5 at least, received 4; choose a longer clip',
  ],
  [
    'no frame',
    [random, []],
    'INPUT',
    'learn from a clip: frames: expected 5 at least, received 0; choose a longer clip',
  ],
  [
    'a frame of another size',
    [random, [...frames, { ...frames[0], width: 4 }]],
    'INPUT',
    "learn from a clip: frame: expected 5x7x3, received 4x7x3; give frames of one size, in the model's colours",
  ],
  [
    'gray frames',
    [random, gray],
    'INPUT',
    "learn from a clip: frame: expected 5x7x3, received 5x7x1; give frames of one size, in the model's colours",
  ],
  [
    'too little memory',
    [random, frames, { training, maxBytes: 2 ** 20 }],
    'RESOURCES',
    'learn from a clip: memory: expected at most 1 MiB, received 1',
  ],
  [
    'a model of images',
    [randomModel([tinyNetwork({ conditioning: [] })]), frames],
    'USAGE',
    'learn from a clip: random: expected a model of video, received a model of images, without context frames; give ' +
      'another --model',
  ],
  [
    'a setting that is none',
    [random, frames, { training: { pace: 3 } as object }],
    'USAGE',
    'learn from a clip: training: ',
  ],
])('refuses %s in one line', async (_, [model, clip, options], code, message) => {
  const error = await fineTune(model!, clip!, options).then(
    () => null,
    (refusal: PxvError) => refusal,
  );
  expect([error?.code, error?.message.slice(0, message.length)]).toEqual([code, message]);
});
