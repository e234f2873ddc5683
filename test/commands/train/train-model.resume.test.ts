import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describeModel } from '../../../src/model/presets.js';
import type { TrainModelHooks } from '../../../src/commands/train/options.js';
import { trainModel } from '../../../src/commands/train/train-model.js';
import { runSchema, type RunConfiguration } from '../../../src/training/configuration.js';
import { RunFolder } from '../../../src/training/run-folder.js';
import '../../backend/implementations.js';
import { cifarRecords } from '../../datasets/made-files.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { model, pngClip } from './tiny-clips.js';
import { slowTest } from '../../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend('native-wasm'));

let runs = 0;
/** A folder with three clips in `clips`, and two steps on them in `run`, that were stopped after the first. */
async function stopped(more: string[] = []): Promise<{ at: (...parts: string[]) => string; run: string }> {
  const home = join(folder.path, `home-${runs++}`);
  const at = (...parts: string[]) => join(home, ...parts);
  for (const [index, name] of ['a', 'b', 'c'].entries()) await pngClip(at('clips'), name, 4 + index);
  for (const name of more) await pngClip(home, name, 4);
  await stopAfterOne(at('run'), clipsOf([at('clips'), ...more.map((name) => at(name))]));
  return { at, run: at('run') };
}

const clipsOf = (frames: string[]) =>
  runSchema.parse({
    model: model.description,
    training: { steps: 2, batch: 1 },
    data: { type: 'clips', frames },
  });

async function stopAfterOne(run: string, configuration: RunConfiguration): Promise<void> {
  const controller = new AbortController();
  const hooks = { signal: controller.signal, onStep: () => controller.abort(new Error('stopped')) };
  await expect(trainModel(run, configuration, hooks)).rejects.toThrow('stopped');
}

const resume = (run: string, acceptChangedData = false, hooks: TrainModelHooks = {}) =>
  trainModel(run, null, hooks, { acceptChangedData });
const stateOf = (run: string) => readFileSync(join(run, 'training.safetensors'));

/** Expects that the run is not resumed, and nothing of it changes. */
async function refused(run: string, message: RegExp): Promise<void> {
  const before = stateOf(run);
  await expect(resume(run)).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(message) as string,
  });
  expect(stateOf(run).equals(before)).toBe(true);
}

slowTest('a training is resumed to the very same weights where its clips were only touched', async () => {
  const { at, run } = await stopped();
  await trainModel(at('whole'), clipsOf([at('clips')]));
  for (const name of readdirSync(at('clips', 'a'))) utimesSync(at('clips', 'a', name), 1, 1);
  expect((await resume(run)).step).toBe(2);
  expect(stateOf(run).equals(stateOf(at('whole')))).toBe(true);
});

test('the best model, if a killed process had saved only its state, is written by the resumed training', async () => {
  const { run } = await stopped();
  const model = join(run, 'model.safetensors');
  const before = readFileSync(model);
  rmSync(model);
  await stopResumed(run, () => {});
  expect(readFileSync(model).equals(before)).toBe(true);
});

test('it is refused where a clip has changed, and goes on with --accept-changed-data, once and for all', async () => {
  const { at, run } = await stopped();
  // Another picture, of the same size in pixels, and of the same time of change.
  copyFileSync(at('clips', 'a', '00003.png'), at('clips', 'a', '00000.png'));
  const message =
    /^resume training: .* received 1 changed: .*00000\.png has changed; .* --accept-changed-data, to other weights$/;
  await refused(run, message);

  const warnings: string[] = [];
  await stopResumed(run, (text) => warnings.push(text));
  // The clip is the one that is held out.
  expect(warnings).toEqual([
    expect.stringMatching(/^training goes on with changed data: 1 changed: .*00000\.png has changed$/),
    expect.stringMatching(/^the validation data have changed/),
  ]);
  expect((await resume(run)).step).toBe(2);
});

/** Resumes with --accept-changed-data, and stops before a step. */
async function stopResumed(run: string, onWarning: (text: string) => void): Promise<void> {
  const controller = new AbortController();
  const hooks = { signal: controller.signal, onStart: () => controller.abort(new Error('stopped')), onWarning };
  await expect(resume(run, true, hooks)).rejects.toThrow('stopped');
}

test('it is refused where clips are gone or new, and the first few are named', async () => {
  const { at, run } = await stopped(['named']);
  rmSync(at('named'), { recursive: true });
  renameSync(at('clips', 'b'), at('clips', 'd'));
  await refused(
    run,
    /received 14 changed: .*clips\/b\/00000\.png is gone, .*00001\.png is gone, .*00002\.png is gone and 11 more; /,
  );
  const { facts } = await resume(run, true);
  expect(facts.data).toMatchObject({ skipped: [] });
  const clips = 'trainingClips' in facts.data ? [...facts.data.trainingClips, ...facts.data.validationClips] : [];
  expect(clips.sort()).toEqual(['a', 'c', 'd']);
});

test('it is refused without a list too, and where no clip is left', async () => {
  const { at, run } = await stopped();
  rmSync(join(run, 'data.jsonl'));
  rmSync(at('clips', 'c'), { recursive: true });
  await refused(run, /received others \(the list that would tell which is not there\); bring/);
  rmSync(at('clips'), { recursive: true });
  const none =
    /^resume training: .*run: expected at least one of the original clips, received none at .*clips; bring them back$/;
  await refused(run, none);
  await expect(resume(run, true)).rejects.toThrow(none);
});

test('it is refused where the same clips were decoded to other frames', async () => {
  const { run } = await stopped();
  const [name] = readdirSync(join(run, 'frames'));
  const path = join(run, 'frames', name);
  // As another decoder would have written it.
  const stored = readFileSync(path);
  const length = stored.readUInt32LE(stored.length - 4);
  const frames = stored.subarray(0, stored.length - 4 - length);
  frames[7] ^= 1;
  const footer = stored.subarray(frames.length).toString('latin1');
  const hash = createHash('sha256').update(frames).digest('hex');
  writeFileSync(path, Buffer.concat([frames, Buffer.from(footer.replace(/(?<="sha256":")\w+/, hash), 'latin1')]));
  await refused(run, /received other frames decoded from the same files; decode them with the original FFmpeg/);
  expect((await resume(run, true)).step).toBe(2);
});

test('stored frames that were damaged are decoded again', async () => {
  const { at, run } = await stopped();
  await trainModel(at('whole'), clipsOf([at('clips')]));
  for (const name of readdirSync(join(run, 'frames'))) {
    const path = join(run, 'frames', name);
    const stored = readFileSync(path);
    stored[7] ^= 1;
    writeFileSync(path, stored);
  }
  expect((await resume(run)).step).toBe(2);
  expect(stateOf(run).equals(stateOf(at('whole')))).toBe(true);
});

test('one that is given fewer steps than were planned ends after these, and says so', async () => {
  const { at } = await stopped();
  const planned = clipsOf([at('clips')]);
  await stopAfterOne(at('long'), { ...planned, training: { ...planned.training, steps: 5 } });
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  const resume = (steps: number) => trainModel(at('long'), null, { onWarning }, { extension: { steps } });
  expect((await resume(3)).step).toBe(3);
  expect(warnings).toEqual([expect.stringMatching(/shorter: it ends after 3 steps in all, where 5 were planned/)]);
  await resume(4);
  expect(warnings).toHaveLength(1);
});

test('the new length of a training is saved before its first step, as a process may be killed in it', async () => {
  const { run } = await stopped();
  const lengths: unknown[] = [];
  const onStart = () => lengths.push(new RunFolder(run).load().checkpoint.configuration.training.steps);
  await trainModel(run, null, { onStart }, { extension: { steps: 4 } });
  expect(lengths).toEqual([4]);
});

slowTest('a training says so where it goes on in other arithmetic', async () => {
  const { run } = await stopped();
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  await stopResumed(run, onWarning);
  expect(warnings).toEqual([]);
  await tf.setBackend('cpu');
  try {
    // Where no step was made in it, it is not what computed the weights.
    const controller = new AbortController();
    const stopping = { signal: controller.signal, onStart: () => controller.abort(new Error('stopped')) };
    await expect(resume(run, false, stopping)).rejects.toThrow('stopped');
    expect(new RunFolder(run).load().checkpoint.arithmetic).toBe('wasm');
    await resume(run, false, { onWarning });
  } finally {
    await tf.setBackend('native-wasm');
  }
  expect(warnings).toEqual([
    expect.stringMatching(/^the training was computed with wasm, and goes on with cpu, which rounds differently/),
  ]);
});

test.each<[object, object, RegExp]>([
  [{}, { overwrit: true }, /overwrit/],
  [{}, { extension: { steps: 10.5 } }, /'extension'.*\{ steps \}, in all, or \{ minutes \}, more/],
  [{}, { extension: { minutes: -1 } }, /'extension\.minutes', received -1/],
  [{ onSteps: () => {} }, {}, /onSteps/],
  [{ onStep: 'x' }, {}, /'onStep'.*a function/],
])('options %j and %j are refused, and the training stays as it is', async (hooks, settings, message) => {
  const { run } = await stopped();
  const before = stateOf(run);
  await expect(trainModel(run, null, hooks, settings)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(message) as string,
  });
  expect(stateOf(run).equals(before)).toBe(true);
});

test('a training keeps its settings, and says so where config.json was changed', async () => {
  const { run } = await stopped();
  const path = join(run, 'config.json');
  const before = readFileSync(path, 'utf8');
  for (const changed of [before.replace('"batch": 1', '"batch": 2'), '{']) {
    writeFileSync(path, changed);
    const warnings: string[] = [];
    await stopResumed(run, (text) => warnings.push(text));
    expect(warnings).toEqual([expect.stringMatching(/^config\.json was changed: a training keeps its settings/)]);
    expect(readFileSync(path, 'utf8')).toBe(before);
  }
  const warnings: string[] = [];
  await stopResumed(run, (text) => warnings.push(text));
  expect(warnings).toEqual([]);
});

test('a folder of frames that is a file is refused in one line', async () => {
  const { run } = await stopped();
  rmSync(join(run, 'frames'), { recursive: true });
  writeFileSync(join(run, 'frames'), '');
  await expect(resume(run)).rejects.toMatchObject({
    code: 'OUTPUT',
    message: expect.stringMatching(
      /^make run folder: .*frames: expected a folder, received a file of that name; remove it/,
    ) as string,
  });
});

test('a training on images is refused where a file of the set has changed, wherever the set lies', async () => {
  const home = join(folder.path, `home-${runs++}`);
  const write = (set: string, seed: number) => {
    mkdirSync(join(home, set), { recursive: true });
    writeFileSync(join(home, set, 'train_30.bin'), cifarRecords(30, seed));
  };
  write('here', 1);
  const settings = { size: { width: 32, height: 32 }, channels: 3, levels: 256, hidden: 3, layers: 1 } as const;
  const configuration = runSchema.parse({
    model: describeModel('pixel-cnn', { ...settings, head: 'softmax', context: 0 }),
    training: { steps: 2, batch: 1, mirror: false },
    data: { type: 'images', set: 'cifar', folder: join(home, 'here') },
  });
  const run = join(home, 'run');
  await stopAfterOne(run, configuration);
  write('here', 2);
  await refused(run, /received 1 changed: train_30\.bin has changed; bring/);
  write('here', 1);
  expect((await resume(run)).step).toBe(2);
});

test('a training can be resumed from when its data are found, before the first is decoded', async () => {
  const home = join(folder.path, `home-${runs++}`);
  await pngClip(join(home, 'clips'), 'a', 4);
  const run = join(home, 'run');
  const whole = join(home, 'whole');
  await trainModel(whole, clipsOf([join(home, 'clips')]));

  const controller = new AbortController();
  const hooks = { signal: controller.signal, onDecode: () => controller.abort(new Error('stopped')) };
  await expect(trainModel(run, clipsOf([join(home, 'clips')]), hooks)).rejects.toThrow('stopped');
  expect(existsSync(join(run, 'log.jsonl'))).toBe(false);
  expect((await resume(run)).step).toBe(2);
  expect(stateOf(run).equals(stateOf(whole))).toBe(true);
});

test('a new training whose clips cannot be decoded leaves nothing to resume, and can be started again', async () => {
  const home = join(folder.path, `home-${runs++}`);
  const clip = await pngClip(home, 'clip', 4);
  const whole = readFileSync(join(clip, '00001.png'));
  writeFileSync(join(clip, '00001.png'), 'no picture');
  await expect(trainModel(join(home, 'run'), clipsOf([clip]))).rejects.toMatchObject({ code: 'INPUT' });
  expect(new RunFolder(join(home, 'run')).hasTraining).toBe(false);
  writeFileSync(join(clip, '00001.png'), whole);
  expect((await trainModel(join(home, 'run'), clipsOf([clip]))).step).toBe(2);
});

test('no two trainings are in one folder', async () => {
  const home = join(folder.path, `home-${runs++}`);
  const clip = await pngClip(home, 'clip', 4);
  const outcomes = await Promise.allSettled([1, 2].map(() => trainModel(join(home, 'run'), clipsOf([clip]))));
  const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
  expect(failed.map(({ message }) => message)).toEqual([
    // The second may have waited until the first had ended.
    expect.stringMatching(/^lock folder: .*process \d+ |^make run folder: .*holds config\.json/),
  ]);
  expect(new RunFolder(join(home, 'run')).load().checkpoint.step).toBe(2);
});

describe('what was best', () => {
  /** Two steps with a validation, on clips some of which are then changed; then two more. */
  async function gone(changed: string, held: 'd' | null) {
    const home = join(folder.path, `home-${runs++}`);
    const at = (...parts: string[]) => join(home, ...parts);
    for (const [index, name] of ['a', 'b', 'c'].entries()) await pngClip(at('clips'), name, 4 + index);
    await pngClip(home, 'd', 4);
    const configuration = runSchema.parse({
      model: model.description,
      training: { steps: 2, batch: 1, validations: 1 },
      data: { type: 'clips', frames: [at('clips')], validate: held === null ? [] : [at(held)] },
    });
    const before = await trainModel(at('run'), configuration);
    expect(before.best?.step).toBe(2);
    rmSync(at(changed), { recursive: true });
    if (changed === 'd') await pngClip(home, 'd', 7);
    const warnings: string[] = [];
    const settings = { acceptChangedData: true, extension: { steps: 4 } };
    // A stop before the first step must not let the old best pass for one of the new data.
    const controller = new AbortController();
    const onWarning = (text: string) => warnings.push(text);
    const stopping = { signal: controller.signal, onStart: () => controller.abort(new Error('stopped')), onWarning };
    await expect(trainModel(at('run'), null, stopping, settings)).rejects.toThrow('stopped');
    return { before, after: await trainModel(at('run'), null, { onWarning }, settings), warnings };
  }

  const forgotten = /the validation data have changed/;

  test('is forgotten where other clips validate', async () => {
    const { after, warnings } = await gone('d', 'd');
    expect(warnings.filter((text) => forgotten.test(text))).toHaveLength(1);
    expect(after.best?.step).toBe(4);
  });

  test('is forgotten where nothing validates any more', async () => {
    const { after } = await gone('clips/c', null);
    expect(after.best).toBe(null);
  });

  test('stays where only what is learned from has changed', async () => {
    const { before, after, warnings } = await gone('clips/c', 'd');
    expect(warnings.filter((text) => forgotten.test(text))).toEqual([]);
    expect(after.best!.bitsPerDim).toBeLessThanOrEqual(before.best!.bitsPerDim);
  });
});
