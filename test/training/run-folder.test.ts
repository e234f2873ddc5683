import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { PxvError } from '../../src/foundation/errors.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.js';
import { createInitialCheckpoint } from '../../src/training/training-checkpoint.js';
import { RunFolder } from '../../src/training/run-folder.js';
import { kernelSets } from '../backend/implementations.js';
import { temporaryFolder } from '../video/made-clips.js';
import { tinyRun } from './moving-square.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));

let runs = 0;
/** How a new training comes to its folder. */
const anew = { resume: false, overwrite: false };
/** A run folder that holds the state before the first step. */
function savedRun(): RunFolder {
  const run = new RunFolder(join(folder.path, `run-${runs++}`));
  run.create();
  const { chain, checkpoint } = createInitialCheckpoint(tinyRun(), loadModel);
  run.saveTraining(chain, checkpoint);
  return run;
}

function refusal(action: () => unknown): PxvError {
  try {
    action();
  } catch (error) {
    return error as PxvError;
  }
  throw new Error('nothing was refused');
}

test('what is saved is loaded again: configuration, weights, optimiser, step and best', () => {
  const run = new RunFolder(join(folder.path, 'state'));
  run.create();
  const configuration = tinyRun({ seed: '18446744073709551615' });
  const { chain, checkpoint } = createInitialCheckpoint(configuration, loadModel);
  const dataHashes = { files: 'f0', frames: null, validation: 'v0' };
  const best = { step: 4, bitsPerDim: 3.25 };
  run.saveTraining(chain, { ...checkpoint, step: 5, best, dataHashes });
  const loaded = run.load();
  expect(loaded.checkpoint).toMatchObject({ configuration, step: 5, best, dataHashes });
  const values = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [tensor.shape, [...tensor.dataSync()]]);
  const { state } = loaded.checkpoint;
  expect(values(state.weights)).toEqual(values(checkpoint.state.weights));
  expect(state.optimiser.map(values)).toEqual(checkpoint.state.optimiser.map(values));
});

test('a model says how its futures are drawn where the configuration it was trained by does', () => {
  const drawing = { temperature: 0.9, warming: 0.01, carry: 1 };
  for (const [index, asked] of [drawing, null].entries()) {
    const run = new RunFolder(join(folder.path, `drawing-${index}`));
    run.create();
    const { chain, checkpoint } = createInitialCheckpoint({ ...tinyRun(), drawing: asked }, loadModel);
    run.saveModel(chain, checkpoint);
    expect(loadModel(run.path).drawing).toEqual(asked);
    run.saveTraining(chain, checkpoint);
    tf.dispose([checkpoint.state.weights, checkpoint.state.optimiser]);
    const resumed = run.load().checkpoint;
    expect(resumed.configuration.drawing).toEqual(asked);
    tf.dispose([resumed.state.weights, resumed.state.optimiser]);
  }
});

test('the configuration that is written to read is the whole of it', () => {
  const run = new RunFolder(join(folder.path, 'configuration'));
  run.create();
  run.writeConfiguration(tinyRun());
  expect(JSON.parse(readFileSync(join(run.path, 'config.json'), 'utf8'))).toEqual(tinyRun());
});

test('a folder that holds a training is not started anew', async () => {
  const run = savedRun();
  const before = readFileSync(join(run.path, 'training.safetensors'));
  await expect(run.enter(anew)).rejects.toMatchObject({
    code: 'OUTPUT',
    message:
      `make run folder: ${run.path}: expected a folder without a training in it, received a folder that holds ` +
      'training.safetensors; go on with it by --resume, replace it by --overwrite, or choose another folder with --out',
  });
  expect(readdirSync(run.path)).toEqual(['training.safetensors']);
  expect(readFileSync(join(run.path, 'training.safetensors')).equals(before)).toBe(true);
});

test('nor is a folder with files of the names that a training writes', async () => {
  const run = new RunFolder(join(folder.path, 'project'));
  mkdirSync(run.path);
  writeFileSync(join(run.path, 'config.json'), '{}');
  await expect(run.enter(anew)).rejects.toThrow(
    /holds config\.json; replace them by --overwrite, or choose another folder with --out$/,
  );
});

test('a folder that was made for a training that wrote nothing is removed, with those around it', async () => {
  const leave = await new RunFolder(join(folder.path, 'runs', 'mine')).enter(anew);
  expect(existsSync(join(folder.path, 'runs', 'mine'))).toBe(true);
  leave();
  expect(existsSync(join(folder.path, 'runs'))).toBe(false);
});

test('what a training that was killed was writing is removed, and nothing that others write', async () => {
  const run = new RunFolder(join(folder.path, 'killed'));
  mkdirSync(run.frames, { recursive: true });
  const unfinished = (name: string) => `.${name}.0123456789abcdef.partial`;
  const kept = ['frames/kept.frames', unfinished('film.mp4')];
  const names = [unfinished('training.safetensors'), `frames/${unfinished('0f.frames')}`, ...kept];
  for (const name of names) writeFileSync(join(run.path, name), '');
  (await run.enter(anew))();
  expect(readdirSync(run.path, { recursive: true }).sort()).toEqual(['frames', ...kept].sort());
});

test('a training that is only partly removed cannot be resumed', () => {
  const run = savedRun();
  // What cannot be removed, in the place of a file.
  mkdirSync(join(run.path, 'model.safetensors'));
  expect(() => run.clear()).toThrow(/model\.safetensors/);
  expect(run.hasTraining).toBe(false);
});

test('a file in the place of the folder is refused, and stays as it is', async () => {
  const path = join(folder.path, 'a file');
  writeFileSync(path, 'mine');
  await expect(new RunFolder(path).enter({ resume: false, overwrite: true })).rejects.toMatchObject({
    code: 'OUTPUT',
    message: expect.stringContaining('expected a folder, received a file of that name') as string,
  });
  expect(readFileSync(path, 'utf8')).toBe('mine');
});

test('a folder that cannot be made is refused', () => {
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  const { code, message } = refusal(() => new RunFolder(join(file, 'run')).create());
  expect(code).toBe('OUTPUT');
  expect(message).toMatch(
    /^make run folder: .*file\/run: expected a writable path, received .*ENOTDIR.*; choose another folder with --out$/,
  );
});

test('a log that cannot be written is an error of one line', () => {
  const run = new RunFolder(join(folder.path, 'unwritable-log'));
  mkdirSync(join(run.path, 'log.jsonl'), { recursive: true });
  const { code, message } = refusal(() => run.appendLog({ step: 1 }));
  expect(code).toBe('OUTPUT');
  expect(message).toMatch(
    /^write: .*log\.jsonl: expected a writable path, received .*EISDIR[^\n]*; choose another path$/,
  );
});

test.each([
  { name: 'no folder', received: 'no such folder', make: () => {} },
  {
    name: 'a folder without a training',
    received: 'a folder without it',
    make: (path: string) => void mkdirSync(path),
  },
])('from $name nothing can be resumed', async ({ received, make }) => {
  const path = join(folder.path, `none-${received.length}`);
  make(path);
  const nothing = {
    code: 'CHECKPOINT',
    message:
      `resume training: ${path}: expected a run folder with training.safetensors, received ${received}; check ` +
      '--out, or leave out --resume to start again',
  };
  const run = new RunFolder(path);
  expect(refusal(() => run.load())).toMatchObject(nothing);
  await expect(run.enter({ resume: true, overwrite: false })).rejects.toMatchObject(nothing);
});

test.each([
  {
    name: 'without the state of the optimiser',
    change: (parts: ReturnType<typeof readSafetensors>) =>
      void parts.arrays.delete('optimiser.m.scales.0.first.weights'),
    message:
      /expected tensor 'optimiser\.m\.scales\.0\.first\.weights' of shape \[7, 7, 2, 12\], received no such tensor/,
  },
  {
    name: 'with a weight that is not finite',
    change: (parts: ReturnType<typeof readSafetensors>) => void parts.arrays.get('scales.0.head.bias')!.data.fill(NaN),
    message: /expected finite values in tensor 'scales\.0\.head\.bias', received NaN at \[0\]; use another checkpoint/,
  },
  {
    name: 'with an unknown key in its configuration',
    change: (parts: ReturnType<typeof readSafetensors>) => void (parts.metadata.training = '{"batchh":3}'),
    message: /received unknown key 'training\.batchh'; did you mean 'batch'\?$/,
  },
  {
    name: 'with a configuration that is no JSON',
    change: (parts: ReturnType<typeof readSafetensors>) => void (parts.metadata.data = '{"frames":'),
    message: /^resume training: .*: expected a valid 'data', received nothing /,
  },
  {
    name: 'without a step',
    change: (parts: ReturnType<typeof readSafetensors>) => void delete parts.metadata.step,
    message: /^resume training: .*: expected a valid 'step', received nothing /,
  },
])('a training $name is refused in one line', ({ change, message }) => {
  const run = savedRun();
  const path = join(run.path, 'training.safetensors');
  const parts = readSafetensors(path);
  change(parts);
  writeSafetensors(path, parts);
  const error = refusal(() => run.load());
  expect(error.code).toBe('CHECKPOINT');
  expect(error.message).toMatch(message);
});

test('what was logged after the step to resume from is dropped, half a line included', () => {
  const run = new RunFolder(join(folder.path, 'log'));
  run.create();
  run.cutLog(3);
  for (const step of [1, 2, 3, 4, 5]) run.appendLog({ step, bitsPerDim: 8 - step });
  const path = join(run.path, 'log.jsonl');
  writeFileSync(path, '{"step":6,"bitsP', { flag: 'a' });
  run.cutLog(3);
  expect(readFileSync(path, 'utf8')).toBe(
    '{"step":1,"bitsPerDim":7}\n{"step":2,"bitsPerDim":6}\n{"step":3,"bitsPerDim":5}\n',
  );
});
