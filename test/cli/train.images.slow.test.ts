import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadModel } from '../../src/model/checkpoint.js';
import type { RunConfiguration } from '../../src/training/configuration.js';
import { bf16Sets } from '../backend/implementations.js';
import { cifarRecords, idx } from '../datasets/made-files.js';
import { temporaryFolder } from '../video/made-clips.js';
import { linesSaid, pxv } from './pxv.js';
import { jsonOf } from './tiny-run.js';

const hasBf16 = bf16Sets.length > 0;
const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const tiny = ['--hidden', '4', '--layers', '1', '--batch', '2', '--steps', '2', '--json'];
const configurationOf = (run: string) =>
  JSON.parse(readFileSync(join(folder.path, run, 'config.json'), 'utf8')) as RunConfiguration;

beforeAll(() => {
  mkdirSync(join(folder.path, 'digits'));
  for (const [name, count] of Object.entries({ train: 20, valid: 4 }))
    writeFileSync(join(folder.path, 'digits', `binarized_${name}-idx3-ubyte`), idx(count, { levels: 2 }));
  mkdirSync(join(folder.path, 'colours'));
  writeFileSync(join(folder.path, 'colours', 'train_30.bin'), cifarRecords(30));
});

test('pxv train --images learns binary images with a sigmoid, at their own size', async () => {
  const args = ['--network', 'diagonal-bilstm', '--head-width', '8'];
  const outcome = await pxv(['train', '--images', 'binarized-mnist', '--data', 'digits', ...args, ...tiny], here);
  expect(outcome.code).toBe(0);
  expect(jsonOf(outcome)).toMatchObject({
    model: join('runs', 'binarized-mnist'),
    network: 'diagonal-bilstm',
    images: 20,
    steps: 2,
    baselines: { uniform: 1 },
  });
  const [network] = loadModel(join(folder.path, 'runs', 'binarized-mnist')).description.scales;
  expect(network).toMatchObject({
    size: { width: 28, height: 28 },
    channels: 1,
    levels: 2,
    layers: [{ type: 'diagonal-bilstm', hidden: 4, initialState: 'zero' }],
    skips: false,
    output: [8],
    head: { type: 'sigmoid' },
    conditioning: [],
  });
  expect(configurationOf(join('runs', 'binarized-mnist')).training).toMatchObject({ mirror: false });
});

test('pxv train --images --scales learns a chain, and --from with a stage of one scale that one alone', async () => {
  const images = ['--images', 'cifar', '--data', 'colours'];
  const first = await pxv(['train', ...images, '--scales', '2', '4', '--out', 'chain', ...tiny], here);
  expect(first.code).toBe(0);
  expect(loadModel(join(folder.path, 'chain')).description.scales.map(({ size }) => size.width)).toEqual([4, 8, 32]);

  const batch = ['--batch', '2'];
  const steps = ['--steps', '10'];
  writeFileSync(
    join(folder.path, 'stage.json'),
    JSON.stringify({ training: { stages: [{ trains: 1, rate: 0.005, warmUp: 1 }] } }),
  );
  const args = ['--config', 'stage.json', '--from', 'chain', '--out', 'middle', ...batch, ...steps];
  expect((await pxv(['train', ...images, ...args], here)).code).toBe(0);
  const [before, after] = ['chain', 'middle'].map((run) => loadModel(join(folder.path, run)));
  const changed = before.chain.parameters.filter(
    (_, index) => !after.weights[index].every((w, at) => w === before.weights[index][at]),
  );
  expect(changed.length).toBeGreaterThan(10);
  expect(changed.filter(({ name }) => !name.startsWith('scales.1.'))).toEqual([]);
}, 120_000);

(hasBf16 ? test : test.skip)('pxv train --precision bf16 is kept by the run', async () => {
  const images = ['--images', 'cifar', '--data', 'colours', '--out', 'rounded'];
  const outcome = await pxv(['train', ...images, '--precision', 'bf16', ...tiny], here);
  expect(jsonOf(outcome)).toMatchObject({ precision: 'bf16', steps: 2 });
  expect(configurationOf('rounded').training.precision).toBe('bf16');
  const resumed = await pxv(['train', '--resume', '--out', 'rounded', '--json'], here);
  expect(jsonOf(resumed)).toMatchObject({ precision: 'bf16', steps: 2 });
});

test('pxv train --images on a folder tells how far the decoding is, also where it resumes', async () => {
  mkdirSync(join(folder.path, 'photos'));
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } });
  for (let i = 0; i < 3; i++) await image.png().toFile(join(folder.path, 'photos', `${i}.png`));
  const env = { PXV_DATA: join(folder.path, 'cache') };
  const outcome = await pxv(['train', '--images', 'photos', '--out', 'of-photos', ...tiny], { ...here, env });
  expect(jsonOf(outcome)).toMatchObject({ images: 3, steps: 2 });
  expect(outcome.stderr).toMatch(/^decode +3\/3 images .*photos$/m);

  const elsewhere = { PXV_DATA: join(folder.path, 'another-cache') };
  const resumed = await pxv(['train', '--resume', '--out', 'of-photos'], { ...here, env: elsewhere });
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toMatch(/^decode +3\/3 images .*photos$/m);
});

test('exit code 1: pxv train refuses what memory cannot hold before it decodes, with the size to take', async () => {
  mkdirSync(join(folder.path, 'large'));
  const image = sharp({ create: { width: 160, height: 120, channels: 3, background: 'teal' } });
  for (let i = 0; i < 3; i++) await image.png().toFile(join(folder.path, 'large', `${i}.png`));
  const env = { PXV_DATA: join(folder.path, 'unused-cache'), PXV_MEMORY: '300' };
  const options = ['--out', 'refused', '--hidden', '8', '--layers', '1', '--steps', '1'];
  const outcome = await pxv(['train', '--images', 'large', ...options], { ...here, env });
  const [said, refused, ...more] = linesSaid(outcome);
  expect(said).toBe('pxv: images of 160x120 are brought to 64x48; --size chooses another size');
  expect(refused).toMatch(
    /^pxv: train: memory: .* for a batch of 16 at 64x48; these fit: a batch of \d \(--batch\), or a size/,
  );
  expect({ code: outcome.code, stdout: outcome.stdout, more }).toEqual({ code: 1, stdout: '', more: [] });
  expect(readdirSync(folder.path)).not.toContain('refused');
  expect(readdirSync(folder.path)).not.toContain('unused-cache');
});

test.each<[number, string[], RegExp]>([
  [
    2,
    ['--images', 'cifar', '--frames', 'x'],
    /^pxv: train: --images: expected clips or images .*, received both; leave out/,
  ],
  [
    2,
    ['--images', 'cifra', '--data', 'colours'],
    /^pxv: find data set: cifra: expected one of .*cifar.*; see pxv datasets/,
  ],
  [1, ['--images', 'cifar', '--data', 'nowhere'], /^pxv: .*nowhere.*: expected /],
  [
    2,
    ['--images', 'cifar', '--data', 'colours', '--from', 'chain', '--hidden', '8'],
    /leave out --hidden, or leave out --from/,
  ],
  [
    2,
    ['--images', 'cifar', '--data', 'colours', '--size', '16x16'],
    /expected a model of 32x32 pixels and 3 channels, received 16x16 and 3; .*leave out --size/,
  ],
  [
    2,
    ['--images', 'cifar', '--data', 'colours', '--channels', 'gray'],
    /expected a model of 32x32 pixels and 3 channels, received 32x32 and 1;/,
  ],
  ...[
    ['--context 2', 'clips or moving-mnist'],
    ['--fit stretch', 'clips'],
    ['--validate x', 'clips'],
  ].map(([option, kinds]): [number, string[], RegExp] => [
    2,
    ['--images', 'cifar', '--data', 'colours', ...option.split(' ')],
    new RegExp(`^pxv: train: ${option.split(' ')[0]}: expected ${kinds} to train on, .* received images; leave out`),
  ]),
  [1, ['--frames', ''], /^pxv: look for clips: '': expected .*, received an empty path; check the path$/],
  [
    2,
    ['--frames', 'x', '--data', 'colours'],
    /^pxv: train: --data: expected images or moving-mnist to train on, .* received clips;/,
  ],
  [2, ['--images', 'cifar', '--data', 'colours', '--head', 'sigmoid'], /the head 'sigmoid' takes 2 at most/],
])('exit code %d: pxv train %j', async (code, args, line) => {
  const outcome = await pxv(['train', ...args, '--out', 'refused'], here);
  expect(outcome.stderr.trimEnd().split('\n').at(-1)).toMatch(line);
  expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: '' });
  expect(readdirSync(folder.path)).not.toContain('refused');
});
