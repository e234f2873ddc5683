import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../../src/model/checkpoint.js';
import type { RunConfiguration } from '../../src/training/configuration.js';
import { folderWith, idx } from '../datasets/made-files.js';
import { temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { linesSaid, pxv, type Outcome } from './pxv.js';
import { jsonOf } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (...parts: string[]) => join(folder.path, ...parts);
const digits = folderWith({ 'train-images-idx3-ubyte': idx(20) });

/** A tiny network, and one validation at the end. */
const config = {
  model: { hidden: 3, layers: 1, frames: 'previous-frames', context: 2 },
  training: { batch: 1, validations: 1 },
  data: { type: 'moving-mnist' },
};
const tiny = ['--config', 'tiny.json', '--frames', 'moving-mnist', '--data', digits];
const configurationOf = (run: string) => JSON.parse(readFileSync(at(run, 'config.json'), 'utf8')) as RunConfiguration;

let trained: Outcome;
beforeAll(async () => {
  writeFileSync(at('tiny.json'), JSON.stringify(config));
  trained = await pxv(['train', ...tiny, '--steps', '16', '--json'], here);
}, 120_000);

test('pxv train --frames moving-mnist learns a model of grey frames of 64x64, from sequences as they are', () => {
  expect(trained.code).toBe(0);
  expect(jsonOf(trained)).toMatchObject({
    model: join('runs', 'moving-mnist'),
    steps: 16,
    digits: 18,
    baselines: { uniform: 8, 'previous-frame': expect.any(Number) as number },
    shipped: null,
  });
  const [network] = loadModel(at('runs', 'moving-mnist')).description.scales;
  expect(network).toMatchObject({ size: { width: 64, height: 64 }, channels: 1, head: { type: 'logistic-mixture' } });
  const { training, data } = configurationOf(join('runs', 'moving-mnist'));
  expect({ training, data }).toMatchObject({
    training: { from: null, mirror: false, stages: [{ trains: 'all', crops: 0 }] },
    data: { type: 'moving-mnist', folder: digits },
  });
});

test('it says how many digits sequences are made of, and what validates', () => {
  expect(trained.stderr).toMatch(/; sequences of 18 digits to train on \(MNIST train: 20 of the 60000 official/);
  expect(trained.stderr).toMatch(/\nvalidation: 100 sequences of 2 other digits; run folder: runs.moving-mnist\n/);
  expect(trained.stderr).toMatch(/uniform 8\.00, previous frame \d\.\d{3} on the validation frames\n/);
});

test('a longer training is resumed from its folder, and reported', async () => {
  const run = join('runs', 'moving-mnist');
  const resumed = await pxvInProcess(['train', '--resume', '--out', run, '--steps', '17', '--json'], here);
  expect(jsonOf(resumed)).toMatchObject({ steps: 17, resumedFrom: 16 });
  const report = await pxvInProcess(['report', run, '--out', 'page.html', '--json'], here);
  expect(report.code).toBe(0);
  expect(report.stdout).toContain('previous frame');
});

test('a dry run counts the digits, and config.json trains again', async () => {
  const args = ['train', '--config', join('runs', 'moving-mnist', 'config.json'), '--out', 'again', '--dry-run'];
  const { code, stdout } = await pxvInProcess(args, here);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^would learn from 18 digits, for 17 steps, into again\nmodel: pixel-cnn, 64x64, /);
});

test.each([
  [['--fps', '10'], /^pxv: train: --fps: expected clips to train on, .*received moving-mnist; leave out --fps, or/],
  [['--size', '32x32'], /^pxv: train: moving-mnist: expected a model of 64x64 pixels and 1 channel, received 32x32/],
  [['--channels', 'rgb'], /^pxv: train: moving-mnist: expected a model of 64x64 pixels and 1 channel, .*and 3; .+$/],
  [['--validate', 'clips'], /^pxv: train: --validate: expected clips to train on/],
])('%j is refused in one line', async (args, line) => {
  const outcome = await pxvInProcess(['train', ...tiny, ...args, '--out', 'refused'], here);
  expect([outcome.code, linesSaid(outcome)]).toEqual([2, [expect.stringMatching(line)]]);
});

test('where memory is short, another size is no remedy', async () => {
  const args = ['train', ...tiny, '--hidden', '12', '--batch', '8', '--out', 'refused'];
  const outcome = await pxvInProcess(args, { ...here, env: { PXV_MEMORY: '250' } });
  expect(outcome.code).toBe(1);
  const line = expect.stringMatching(/^pxv: train: memory: .*; these fit: a batch of \d \(--batch\)/) as string;
  expect(linesSaid(outcome)).toEqual([line]);
  expect(outcome.stderr).not.toContain('--size');
});

test('without the digits it says where they can be had', async () => {
  const args = ['train', '--frames', 'moving-mnist', '--out', 'refused'];
  const { code, stderr } = await pxvInProcess(args, { ...here, env: { PXV_DATA: '/nowhere' } });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /find data set: mnist: expected its files .*; run pxv datasets get mnist, or/,
    ) as string,
  });
});
