import { readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { TrainModelHooks } from '../../src/commands/train/options.js';
import { trainModel } from '../../src/commands/train/train-model.js';
import type { RunConfiguration } from '../../src/training/configuration.js';
import { RunFolder } from '../../src/training/run-folder.js';
import { openClip } from '../../src/video/index.js';
import { formatNpyHeader } from '../../src/foundation/npy.js';
import { fastest } from '../backend/implementations.js';
import { randomNumbers } from '../random.js';
import { pngClip } from '../commands/train/tiny-clips.js';
import { tinyRun } from '../training/moving-square.js';
import { as, lossless, makeClip, staircase, temporaryFolder } from '../video/made-clips.js';
import { chooseCases } from '../extent.js';
import { trainedIn } from './trained.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);
const oneLine = expect.stringMatching(/^[^\n]+; [^\n]+$/) as string;

const STEPS = 12;
let configuration: RunConfiguration;
beforeAll(async () => {
  await tf.setBackend(fastest);
  for (const [index, name] of ['a', 'b', 'c'].entries()) await pngClip(at('clips'), name, 4 + index);
  configuration = tinyRun({ steps: STEPS, validations: 4 });
  configuration = {
    ...configuration,
    data: { ...configuration.data, frames: [at('clips')] } as typeof configuration.data,
  };
  await trainModel(at('whole'), configuration);
});

let runs = 0;
const newRun = () => at(`run-${runs++}`);
const random = randomNumbers(1);
const cases = <T>(of: T[]) => of.flatMap((one) => Array.from({ length: chooseCases(1, 10) }, () => one));

/** Goes on to the end, to the bits of the training that was not disturbed. */
async function expectResumed(run: string, hooks: TrainModelHooks = {}): Promise<void> {
  expect((await trainModel(run, null, hooks)).step).toBe(STEPS);
  expect(trainedIn(run)).toEqual(trainedIn(at('whole')));
}

/** Calls `change` after a random step before the last. */
function atRandomStep(change: () => void): TrainModelHooks {
  const chosen = 1 + Math.floor(random() * (STEPS - 1));
  return { onStep: ({ step }) => step === chosen && change() };
}

test.each(cases(['removed', 'cut off']))('decoded frames that are %s end a training in one line', async (how) => {
  const run = newRun();
  const change = () => {
    const { frames } = new RunFolder(run);
    if (how === 'removed') rmSync(frames, { recursive: true });
    else for (const name of readdirSync(frames)) truncateSync(join(frames, name));
  };
  const ended = trainModel(run, configuration, atRandomStep(change));
  await expect(ended).rejects.toMatchObject({ code: 'INPUT', message: oneLine });
  await expectResumed(run);
});

test.each(cases(['new', 'resumed']))('a run folder that is removed ends a %s training in one line', async (kind) => {
  const run = newRun();
  const ended = new AbortController();
  const stopping = { signal: ended.signal, onStep: () => ended.abort(new Error('stopped')) };
  if (kind === 'resumed') await expect(trainModel(run, configuration, stopping)).rejects.toThrow('stopped');
  const removing = atRandomStep(() => rmSync(run, { recursive: true }));
  const training = trainModel(run, kind === 'new' ? configuration : null, removing);
  await expect(training).rejects.toMatchObject({ code: 'INPUT', message: oneLine });
});

test.each(cases(['back', 'ahead']))('a clock that is set %s changes no bit of a training', async (where) => {
  const run = newRun();
  const ended = new AbortController();
  const shift = (where === 'back' ? -1 : 1) * 366 * 24 * 3600 * 1000;
  const here = Date.now;
  const hooks = atRandomStep(() => {
    Date.now = () => here() + shift;
    ended.abort(new Error('stopped'));
  });
  try {
    const stopping = { ...hooks, signal: ended.signal };
    await expect(trainModel(run, configuration, stopping, { log: 'tensorboard' })).rejects.toThrow('stopped');
    expect((await trainModel(run, null, {}, { log: 'tensorboard' })).step).toBe(STEPS);
  } finally {
    Date.now = here;
  }
  expect(trainedIn(run)).toEqual(trainedIn(at('whole')));
  expect(readdirSync(run).filter((name) => name.endsWith('.lock'))).toEqual([]);
});

test('a training of some minutes takes them by a clock that nobody sets', async () => {
  const run = newRun();
  const { training } = configuration;
  const now = jest.spyOn(Date, 'now');
  let moved = 0;
  now.mockImplementation(() => 1e12 - 3600_000 * moved++);
  const began = performance.now();
  const timed = { ...configuration, training: { ...training, steps: null, minutes: 0.03 } };
  try {
    await trainModel(run, timed);
  } finally {
    now.mockRestore();
  }
  expect(performance.now() - began).toBeLessThan(30_000);
  expect(new RunFolder(run).readLog().length).toBeGreaterThan(3);
});

describe('a clip that changes while it is read', () => {
  const frames = staircase(40);
  const clips = {
    'folder of images': async () => {
      const path = at(`images-${runs++}`);
      await pngClip(path, 'clip', 40);
      return join(path, 'clip');
    },
    video: () => Promise.resolve(makeClip(at(`clip-${runs++}.mkv`), frames, ...lossless)),
    array: () => {
      const path = at(`clip-${runs++}.npy`);
      const header = formatNpyHeader([40, 12, 16]);
      writeFileSync(path, Buffer.concat([header, ...frames.map(({ data }) => data)]));
      return Promise.resolve(path);
    },
  };
  const kinds = Object.keys(clips) as (keyof typeof clips)[];

  /** Reads a clip, and calls `change` after a random frame. Returns the number of frames, or the error. */
  async function readWhile(path: string, change: () => void): Promise<unknown> {
    const clip = await openClip(path, as(16, 12, 1));
    const chosen = Math.floor(random() * 30);
    let read = 0;
    try {
      for await (const { data } of clip.frames()) if (data.length > 0 && read++ === chosen) change();
      return read;
    } catch (error) {
      return error;
    }
  }

  test.each(cases(kinds))('%s that is removed is read to its end, or refused in one line', async (kind) => {
    const path = await clips[kind]();
    const outcome = await readWhile(path, () => rmSync(path, { recursive: true }));
    if (outcome !== 40) expect(outcome).toMatchObject({ code: 'INPUT', message: oneLine });
  });

  test.each(cases(['video', 'array'] as const))('%s that is cut off is refused in one line', async (kind) => {
    const path = await clips[kind]();
    const outcome = await readWhile(path, () => truncateSync(path, 64));
    if (typeof outcome !== 'number') expect(outcome).toMatchObject({ code: 'INPUT', message: oneLine });
  });

  test.each(cases(kinds))('%s that is replaced by another file is refused in one line, or read', async (kind) => {
    const path = await clips[kind]();
    const outcome = await readWhile(path, () => {
      renameSync(path, `${path}-moved`);
      writeFileSync(path, 'no clip');
    });
    if (typeof outcome !== 'number') expect(outcome).toMatchObject({ code: 'INPUT', message: oneLine });
  });
});
