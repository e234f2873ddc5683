import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBackend } from '../../../src/backend/choose-backend.js';
import { loadModel, saveModel } from '../../../src/model/checkpoint.js';
import { scoreClips } from '../../../src/commands/evaluate/score-clips.js';
import { trainModel } from '../../../src/commands/train/train-model.js';
import { runSchema } from '../../../src/training/configuration.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { model, pngClip } from './tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => chooseBackend({ threads: 1 }));

const from = join(folder.path, 'general.safetensors');
beforeAll(() => saveModel(from, { ...model, step: 1 }));

/** A training that goes on from a model, on clips of ten frames and of three. */
async function trained(name: string, rate: number | undefined, validate: string[] = []) {
  const frames = [await pngClip(folder.path, 'ten', 10), await pngClip(folder.path, 'three', 3)];
  const configuration = runSchema.parse({
    model: model.description,
    training: { from, steps: 4, batch: 2, validations: 2, stages: [{ warmUp: 0, ...(rate && { rate }) }] },
    data: { type: 'clips', frames, validate },
  });
  const out = join(folder.path, name);
  const result = await trainModel(out, configuration);
  const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trim().split('\n');
  return { out, ...result, log: log.map((line) => JSON.parse(line) as { step: number; validation?: number }) };
}

test('the last fifth of each clip validates, its frames given what is before them, and is not learned', async () => {
  const { facts, log } = await trained('run', undefined);
  expect(facts.data).toMatchObject({
    ...{ trainingClips: ['ten', 'three'], validationClips: ['ten'], lastFifthValidates: true, frames: 8 + 3 },
  });
  expect(log.map(({ step, validation }) => [step, validation !== undefined])).toEqual([
    ...[
      [0, true],
      [1, false],
      [2, true],
      [3, false],
      [4, true],
    ],
  ]);
  // The first eight frames cost what they cost; what is left of all ten is the last two.
  const [ten, eight] = [10, 8].map((count) => pngClip(folder.path, `first-${count}`, count));
  const [all, first] = await Promise.all(
    [ten, eight].map(async (clip) => scoreClips(loadModel(from), [await clip], { horizon: 0 })),
  );
  const last = (9 * all.bitsPerDim - 7 * first.bitsPerDim) / 2;
  expect(log[0].validation).toBeCloseTo(last, 4);
});

test('where nothing that is learned is better, the model stays as it was', async () => {
  const { out, best, last } = await trained('harmed', 10);
  expect(best!.step).toBe(0);
  expect(last!.bitsPerDim).toBeGreaterThan(best!.bitsPerDim);
  expect(loadModel(out).weights).toEqual(loadModel(from).weights);
});

test('clips that are named validate instead', async () => {
  const { facts, best } = await trained('named', undefined, [await pngClip(folder.path, 'other', 5)]);
  expect(facts.data).toMatchObject({ validationClips: ['other'], lastFifthValidates: false, frames: 13 });
  expect(best!.step).toBeLessThanOrEqual(4);
});

test('a model that learns the expected frame keeps it, unless roll-outs teach it or the training differs', () => {
  const { description } = loadModel('video-64');
  const data = { type: 'clips', frames: ['clip.mp4'] };
  const stages = (training: object) => runSchema.parse({ model: description, training, data }).training.stages;
  expect(stages({ from: 'video-64' })).toMatchObject([{ trains: 'decoder', rate: 3e-4, crops: 0 }]);
  expect(stages({ from: 'video-64', stages: [{ rollOuts: 1 }] })).toMatchObject([{ trains: 'all' }]);
  expect(stages({ from: 'video-64', stages: [{ trains: 'all', rate: 1 }] })).toMatchObject([
    { trains: 'all', rate: 1 },
  ]);
  expect(stages({})).toMatchObject([{ trains: 'all', rate: 2e-3, crops: 0.5 }]);
});
