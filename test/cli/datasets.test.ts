import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { imageSets, videoSets } from '../../datasets/index.js';
import { cifarRecords, folderWith, idx } from '../datasets/made-files.js';
import { brokenOff, serve, whole } from '../datasets/local-server.js';
import { pxvInProcess } from './in-process.js';
import { start } from './pxv.js';

test('pxv datasets list names every set, where its files would be, and what they are', async () => {
  const { code, stdout } = await pxvInProcess(['datasets', 'list', '--json'], { env: { PXV_DATA: '/nowhere' } });
  expect(code).toBe(0);
  const { datasets } = JSON.parse(stdout) as { datasets: { name: string }[] };
  expect(datasets.map(({ name }) => name)).toEqual([...imageSets, ...videoSets].map(({ name }) => name));
  expect(datasets.at(-1)).toMatchObject({ name: 'moving-mnist', width: 64, frames: 20, counts: { test: 10_000 } });
  expect(datasets[0]).toMatchObject({
    frames: null,
    width: 32,
    height: 32,
    channels: 3,
    levels: 256,
    counts: { train: 45_000, validation: 5_000, test: 10_000 },
    folder: '/nowhere/cifar',
    present: false,
    downloadBytes: 170_052_171,
  });
});

test('pxv datasets list prints one line for each set under the titles', async () => {
  const { stdout } = await pxvInProcess(['datasets', 'list'], { env: { PXV_DATA: '/nowhere' } });
  const [titles, ...lines] = stdout.trimEnd().split('\n');
  expect(titles).toMatch(/^name +train +validation +test +files +what +folder$/);
  expect(lines[0]).toMatch(/^cifar +45000 +5000 +10000 +171 MB +CIFAR-10, .* \/nowhere\/cifar$/);
  expect(lines.at(-2)).toMatch(/^imagenet64 .* by hand .* \/nowhere\/imagenet64$/);
  expect(lines.at(-1)).toMatch(/^moving-mnist +10000 +820 MB +Moving MNIST, .* \/nowhere\/moving-mnist$/);
});

test('pxv datasets verify counts the images of files that are there', async () => {
  const data = folderWith({ 'train_30.bin': cifarRecords(30), 'test_4.bin': cifarRecords(4) });
  const { code, stdout } = await pxvInProcess(['datasets', 'verify', 'cifar', '--data', data]);
  expect(code).toBe(0);
  expect(stdout).toBe(
    [
      data,
      'train: 27 of 45000 images; CIFAR-10 train: 30 of the 50000 official images (train_30.bin), without the ' +
        'held-out tenth',
      'validation: 3 of 5000 images; CIFAR-10 train: 30 of the 50000 official images (train_30.bin), the tenth ' +
        'held out of it',
      'test: 4 of 10000 images; CIFAR-10 test: 4 of the 10000 official images (test_4.bin)',
      'no checksums are known of these files',
      '',
    ].join('\n'),
  );
});

test('pxv datasets verify refuses a wrong file in one line', async () => {
  const data = folderWith({ 'train-images-idx3-ubyte': idx(10, { magic: 0x801 }) });
  const { code, stdout, stderr } = await pxvInProcess(['datasets', 'verify', 'mnist', '--data', data]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^pxv: read data set: .*train-images-idx3-ubyte: expected the magic number 0x00000803 [^\n]+\n$/,
  );
});

test('pxv datasets get refuses what a mirror has when it is not the official file, in one line', async () => {
  const { url } = await serve({ '/train-images-idx3-ubyte.gz': whole(idx(10)) });
  const env = { PXV_DATA: folderWith({}) };
  const { code, stdout, stderr } = await pxvInProcess(['datasets', 'get', 'mnist', '--mirror', url], { env });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^pxv: download: train-images-idx3-ubyte\.gz: expected 9912422 bytes .*: a file of 7856 bytes; [^\n]+\n$/,
  );
});

test.each([
  [
    ['datasets', 'get', 'imagenet32'],
    1,
    /^pxv: get data set: imagenet32: expected a set with a public address, [^\n]+\n$/,
  ],
  [
    ['datasets', 'get', 'cifar', '--mirror', 'ftp://x'],
    2,
    /^pxv: read options: --mirror: expected an http or https address/,
  ],
  [
    ['datasets', 'get', 'cifr'],
    2,
    /^pxv: find data set: cifr: expected one of cifar, mnist.*, moving-mnist, received no such name/,
  ],
  [['datasets', 'get'], 2, /^pxv: missing required argument 'name'; see pxv datasets get --help\n$/],
  [
    ['datasets', 'verify', 'mnist'],
    1,
    /^pxv: find data set: mnist: expected its files in .*; run pxv datasets get mnist, or give --data FOLDER\n$/,
  ],
])('pxv %j ends with %i and one line', async (args, expected, line) => {
  const { code, stdout, stderr } = await pxvInProcess(args, { env: { PXV_DATA: '/nowhere' } });
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  expect(stderr).toMatch(line);
});

test('an interrupted pxv datasets get says so, ends with 130, and keeps what has arrived for the next', async () => {
  const bytes = new Uint8Array(9_912_422);
  const { url } = await serve({ '/train-images-idx3-ubyte.gz': brokenOff(bytes, 100_000, true) });
  const cache = folderWith({});
  const partial = join(cache, 'mnist.partial', 'train-images-idx3-ubyte.gz');
  const child = start(['datasets', 'get', 'mnist', '--mirror', url], { env: { PXV_DATA: cache } });
  let stderr = '';
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  while (statSync(partial, { throwIfNoEntry: false })?.size !== 100_000) await new Promise((go) => setTimeout(go, 20));
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(130);
  expect(stderr).toMatch(/pxv: datasets get: this command: interrupted by SIG[A-Z]+; run it again\n$/);
  expect(statSync(partial).size).toBe(100_000);
});

test('pxv datasets get of what is there says how it is checked, and how it is downloaded anew', async () => {
  const env = { PXV_DATA: folderWith({ 'mnist/file': '' }) };
  const { code, stdout } = await pxvInProcess(['datasets', 'get', 'mnist'], { env });
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /mnist: already there; check it with pxv datasets verify mnist, or delete it to download it again\n$/,
  );
});
