import { jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { saveModel } from '../../../src/model/checkpoint.js';
import { dryRunTraining } from '../../../src/commands/train/dry-run.js';
import { trainModel } from '../../../src/commands/train/train-model.js';
import type { DecodeProgress } from '../../../src/commands/train/options.js';
import type { ClipDataInfo } from '../../../src/commands/train/options.js';
import { runSchema, type RunConfiguration } from '../../../src/training/configuration.js';
import { RunFolder } from '../../../src/training/run-folder.js';
import '../../backend/implementations.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { model, pngClip } from './tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend('native-wasm'));

const stopping = new AbortController();

/** Two steps on these clips. */
const configurationOf = (frames: string[]) =>
  runSchema.parse({
    model: model.description,
    training: { steps: 2, batch: 1 },
    data: { type: 'clips', frames },
  });

test('a training that replaces another leaves nothing of it, no log, no tensor, but the decoded frames', async () => {
  const clip = await pngClip(folder.path, 'clip', 4);
  const before = tf.memory().numTensors;
  const out = join(folder.path, 'run');
  mkdirSync(join(out, 'frames'), { recursive: true });
  writeFileSync(join(out, 'frames', 'kept'), '');
  writeFileSync(join(out, 'log.jsonl'), '{"step":1,"bitsPerDim":9}\n{"step":2,"bitsPerDim":99}\n');
  writeFileSync(join(out, 'model.safetensors'), 'of old');
  await expect(trainModel(out, configurationOf([clip]))).rejects.toMatchObject({ code: 'OUTPUT' });
  expect(readFileSync(join(out, 'model.safetensors'), 'utf8')).toBe('of old');

  const { step } = await trainModel(out, configurationOf([clip]), {}, { overwrite: true });
  expect(step).toBe(2);
  const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  expect(log.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([1, 2]);
  expect(readdirSync(join(out, 'frames'))).toContain('kept');
  expect(tf.memory().numTensors).toBe(before);
});

test('the log has the baselines of the validation, and is written for TensorBoard if requested', async () => {
  const clips = await Promise.all(['a', 'b', 'c'].map((name) => pngClip(folder.path, `told-${name}`, 4)));
  const out = join(folder.path, 'told');
  const { facts } = await trainModel(out, configurationOf(clips), {}, { log: 'tensorboard' });
  const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  expect(JSON.parse(log.at(-1)!)).toMatchObject({
    previousFrame: (facts.data.baselines as Record<string, number>)['previous-frame'],
  });
  const events = () => readdirSync(out).filter((name) => name.includes('tfevents'));
  expect(readFileSync(join(out, events()[0])).includes('previousFrame')).toBe(true);
  // Another training's events are gone with it.
  await trainModel(out, configurationOf(clips), {}, { overwrite: true });
  expect(events()).toEqual([]);
});

test.each([
  ['whose clips hold nothing to learn from', () => pngClip(folder.path, 'one-frame', 1), {}, /one-frame/],
  [
    'that is stopped before its first step',
    () => pngClip(folder.path, 'long', 4),
    { onDecode: () => stopping.abort(new Error('stopped')), signal: stopping.signal },
    /^stopped$/,
  ],
])('a training %s replaces nothing', async (_, clip, hooks, message) => {
  const out = join(folder.path, 'replaced');
  mkdirSync(out, { recursive: true });
  const old = ['config.json', 'log.jsonl', 'model.safetensors', 'training.safetensors'];
  for (const name of old) writeFileSync(join(out, name), 'of old');
  await expect(trainModel(out, configurationOf([await clip()]), hooks, { overwrite: true })).rejects.toThrow(message);
  expect(old.map((name) => readFileSync(join(out, name), 'utf8'))).toEqual(old.map(() => 'of old'));
});

test('a recipe in bf16 trains in float32 on a CPU without it, new and resumed, and says so', async () => {
  const { model, training, data } = configurationOf([await pngClip(folder.path, 'rounded', 4)]);
  const recipe = runSchema.parse({ model, training: { ...training, precision: 'bf16' }, data });
  const out = join(folder.path, 'rounded-run');
  const said: string[] = [];
  const hooks = { onWarning: (text: string) => said.push(text) };
  const line = expect.stringMatching(
    /^steps multiply in float32, as with --precision float32: bf16 needs .*, and here are the kernels wasm$/,
  ) as string;
  const { configuration } = await trainModel(out, recipe, hooks);
  expect({ precision: configuration.training.precision, said }).toEqual({ precision: 'float32', said: [line] });
  said.length = 0;
  await dryRunTraining(recipe, hooks.onWarning);
  expect(said).toEqual([line]);

  // Its state as another machine with bf16 would have left it.
  const run = new RunFolder(out);
  const { chain, checkpoint } = run.load();
  run.saveTraining(chain, { ...checkpoint, configuration: recipe });
  run.writeConfiguration(recipe);
  tf.dispose(checkpoint.state);
  said.length = 0;
  const resumed = await trainModel(out, null, hooks, { extension: { steps: 3 } });
  expect({ step: resumed.step, said }).toEqual({ step: 3, said: [line] });
});

test('a pipe among the clips is left out, and not waited for', async () => {
  const clips = join(folder.path, 'with-pipe');
  await pngClip(clips, 'a', 4);
  expect(spawnSync('mkfifo', [join(clips, 'pipe.mp4')]).status).toBe(0);
  const warnings: string[] = [];
  const listed: string[] = [];
  const hooks = {
    onWarning: (text: string) => warnings.push(text),
    onList: ({ name, done, total }: DecodeProgress) => listed.push(`${name} ${done}/${total}`),
  };
  const { step } = await trainModel(join(folder.path, 'of-pipe'), configurationOf([clips]), hooks);
  expect(step).toBe(2);
  expect(listed).toEqual([...[0, 1, 2, 3].map((at) => `0000${at}.png ${at}/5`), ...['pipe.mp4 4/5', 'pipe.mp4 5/5']]);
  expect(warnings).toContainEqual(expect.stringMatching(/^pipe\.mp4: skipped: .* received a pipe or a device/));
});

test('a training that its signal stops rejects with the reason, and can be resumed', async () => {
  const out = join(folder.path, 'halted');
  const halting = new AbortController();
  const onResumable = jest.fn();
  const hooks = {
    signal: halting.signal,
    onResumable,
    onStep: () => halting.abort('stopped'),
  };
  const configuration = configurationOf([await pngClip(folder.path, 'halted-clip', 4)]);
  await expect(trainModel(out, configuration, hooks)).rejects.toBe('stopped');
  expect(onResumable).toHaveBeenCalledTimes(1);
  expect(await trainModel(out, null)).toMatchObject({ step: 2, facts: { step: 1 } });
});

test('a training whose clips are not there leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  const nowhere = configurationOf([join(folder.path, 'nowhere')]);
  await expect(trainModel(join(folder.path, 'none'), nowhere)).rejects.toMatchObject({ code: 'INPUT' });
  expect(tf.memory().numTensors).toBe(before);
});

test('a training on a folder with a file that cannot be read learns from the others, as without it', async () => {
  const good = join(folder.path, 'good');
  for (const name of ['a', 'b']) await pngClip(good, name, 4);
  const mixed = join(folder.path, 'mixed');
  for (const name of ['a', 'b', 'short']) await pngClip(mixed, name, name === 'short' ? 1 : 4);
  mkdirSync(join(mixed, 'bad'));
  writeFileSync(join(mixed, 'bad', '1.png'), 'no picture');

  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  const { facts } = await trainModel(join(folder.path, 'of-mixed'), configurationOf([mixed]), { onWarning });
  await trainModel(join(folder.path, 'of-good'), configurationOf([good]));
  const { skipped } = facts.data as ClipDataInfo;
  expect(skipped.map(({ name }) => name)).toEqual(['bad', 'short']);
  expect(warnings).toEqual(skipped.map(({ name, reason }) => `${name}: skipped: ${reason}`));
  const weights = (run: string) => readFileSync(join(folder.path, run, 'model.safetensors'));
  expect(weights('of-mixed').equals(weights('of-good'))).toBe(true);
});

test('copies of what is learned from that validate are named, and nothing is said where there are none', async () => {
  const clips = join(folder.path, 'copies');
  const one = await pngClip(clips, 'one', 4);
  const copy = await pngClip(clips, 'copy', 4);
  const another = await pngClip(clips, 'another', 5);
  const warningsOf = async (validate: string, run: string) => {
    const warnings: string[] = [];
    const { model, training } = configurationOf([one]);
    const data = { type: 'clips' as const, frames: [one], validate: [validate], fit: 'crop' as const, frameRate: null };
    await trainModel(
      join(folder.path, run),
      { model, drawing: null, training, data },
      { onWarning: (text) => warnings.push(text) },
    );
    return warnings;
  };
  expect(await warningsOf(copy, 'with-copy')).toEqual([
    expect.stringMatching(/^copy: validates, and a copy of it is learned from/),
  ]);
  expect(await warningsOf(another, 'without-copy')).toEqual([]);
});

test('a training that is to roll out, on clips that are too short for it, says so and goes on', async () => {
  const frames = [await pngClip(folder.path, 'eight', 8)];
  const [network] = model.description.scales;
  const moving = { type: 'warped-frames', context: 2, features: 4, flows: 1 };
  const configuration = runSchema.parse({
    model: { version: 1, scales: [{ ...network, conditioning: [moving] }] },
    training: { steps: 1, batch: 1, stages: [{ rollOuts: 1 }] },
    data: { type: 'clips', frames },
  });
  const warnings: string[] = [];
  const hooks = { onWarning: (text: string) => warnings.push(text) };
  const { step } = await trainModel(join(folder.path, 'too-short'), configuration, hooks);
  expect(step).toBe(1);
  expect(warnings).toContain('rollOuts: no clip has more than 8 frames, so no rollouts are trained');
});

test('clips to validate on of which none can be read are an error: the training would go without', async () => {
  const learnt = await pngClip(folder.path, 'learnt', 4);
  const held = join(folder.path, 'held');
  mkdirSync(join(held, 'bad'), { recursive: true });
  writeFileSync(join(held, 'bad', '1.png'), 'no picture');
  const { data, ...configuration } = configurationOf([learnt]);
  const validated = { ...configuration, data: { ...data, validate: [held] } } as RunConfiguration;
  await expect(trainModel(join(folder.path, 'unvalidated'), validated)).rejects.toThrow(
    /^validate: .*held: expected at least one clip that can be read/,
  );
});

test('a run replaces neither its clips, nor its configuration file, nor the model it starts from', async () => {
  const clip = await pngClip(folder.path, 'learnt', 4);
  const run = join(folder.path, 'occupied');
  mkdirSync(run);
  const [configurationFile, from] = ['config.json', 'model.safetensors'].map((name) => join(run, name));
  writeFileSync(configurationFile, '{}');
  saveModel(from, model);
  const wanted = configurationOf([clip]);
  const input = { code: 'USAGE', message: expect.stringMatching(/the output (is|would replace) the input/) as string };
  await expect(trainModel(clip, wanted)).rejects.toMatchObject(input);
  const around = join(folder.path, 'around');
  await expect(trainModel(around, configurationOf([await pngClip(around, 'frames', 4)]))).rejects.toMatchObject(input);
  await expect(trainModel(run, wanted, { configurationFile }, { overwrite: true })).rejects.toMatchObject(input);
  const further = { ...wanted, training: { ...wanted.training, from } };
  await expect(trainModel(run, further, {}, { overwrite: true })).rejects.toMatchObject(input);
  expect(readFileSync(configurationFile, 'utf8')).toBe('{}');
  expect(readdirSync(clip)).toHaveLength(4);
});
