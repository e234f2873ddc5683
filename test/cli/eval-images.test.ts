import { join } from 'node:path';
import { saveModel } from '../../src/model/checkpoint.js';
import { encodePng } from '../../src/video/contact-sheet.js';
import { randomModel, sigmoid, tinyNetwork } from '../model/tiny-networks.js';
import { folderWith, idx } from '../datasets/made-files.js';
import { pxvInProcess } from './in-process.js';
import { jsonOf } from './tiny-run.js';

const size = { width: 28, height: 28 };
const network = tinyNetwork({ size, channels: 1, levels: 2, head: sigmoid, conditioning: [] });
const folder = folderWith({ 'binarized_test-idx3-ubyte': idx(5, { levels: 2 }) });
const model = join(folder, 'model.safetensors');
beforeAll(() => saveModel(model, randomModel([network])));

const evaluate = (...more: string[]) =>
  pxvInProcess(['eval-images', 'binarized-mnist', '--data', folder, ...more], { env: { PXV_DATA: '/nowhere' } });

test('pxv eval-images gives the contract of its JSON object, the same whatever computes it', async () => {
  const outcome = await evaluate('--model', model, '--json');
  expect(outcome.code).toBe(0);
  const result = jsonOf(outcome);
  expect(result).toMatchObject({
    model,
    set: 'binarized-mnist',
    split: 'test',
    images: 5,
    dimensions: 784,
    unit: 'nats/image',
    exact: true,
    baselines: { uniform: 784 * Math.LN2 },
  });
  for (const name of ['bitsPerDim', 'standardError', 'natsPerImage', 'natsPerImageStandardError', 'seconds'])
    expect(result[name]).toBeGreaterThan(0);
  const { scores } = result.published as { scores: object[] };
  expect(scores).toContainEqual({ model: 'Diagonal BiLSTM, 7 layers, h = 16', value: 79.2, source: '1601.06759' });
  const other = jsonOf(await evaluate('--model', model, '--json', '--instruction-set', 'wasm', '--threads', '1'));
  expect(other.natsPerImage).toBeCloseTo(result.natsPerImage as number, 2);
});

test('pxv eval-images of one image says nothing of how images differ', async () => {
  const one = await evaluate('--model', model, '--limit', '1');
  const two = await evaluate('--model', model, '--limit', '2');
  expect(one.stdout).toMatch(/; 1 of 5 scored/);
  expect(one.stdout).not.toMatch(/NaN|standard deviation/);
  expect(two.stdout).toMatch(/\nimages, bits\/dim: standard deviation 0\.\d{3}; min /);
});

test('pxv eval-images names the images of a folder that need most, the dearest first', async () => {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 4; i++) {
    const data = new Uint8Array(size.width * size.height).fill(255);
    files[`${i}.png`] = await encodePng({ ...size, channels: 1, data: data.fill(0, 100 * i) });
  }
  const images = folderWith(files);
  const { stdout } = await pxvInProcess(['eval-images', images, '--model', model], {
    env: { PXV_DATA: folderWith({}) },
  });
  const named = /\nmost bits\/dim: (.*)\n/
    .exec(stdout)![1]
    .split(', ')
    .map((one) => one.split(' '));
  expect(named).toHaveLength(3);
  for (const [file] of named) expect(file).toMatch(/\/[0-3]\.png$/);
  const bits = named.map(([, value]) => Number(value));
  expect([...bits].sort((a, b) => b - a)).toEqual(bits);
  expect(stdout).toMatch(new RegExp(`; min .*max ${named[0][1]}`));
});

test('pxv eval-images says the unit, the protocol, the baselines and what others reached', async () => {
  const out = join(folder, 'extremes.png');
  const { code, stdout } = await evaluate('--model', folder, '--limit', '3', '--out', out);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^.*: \d+\.\d\d \+- \d+\.\d\d nats\/image\n/);
  expect(stdout).toMatch(
    /\nimages: fixed binarised MNIST test: 5 of the 10000 official images .*; 3 of 5 scored, spread evenly/,
  );
  expect(stdout).toMatch(
    /\nbaselines, nats\/image: uniform 543\.43, histogram \d+\.\d\d, PNG \d+\.\d\d, lossless WebP \d+\.\d\d\n/,
  );
  expect(stdout).toMatch(/\nDRAW +<= 80\.97 +1601\.06759\n/);
  expect(stdout.trimEnd()).toMatch(/extremes\.png: the worst and best images, and where their bits are$/);
});

test.each([
  [['--model', 'none'], 1, /^pxv: find model: none: /],
  [
    ['--model', model, '--split', 'train'],
    1,
    /^pxv: read data set: .*: expected binarized_mnist_train\.amat, or an IDX file/,
  ],
  [['--model', model, '--split', 'all'], 2, /^pxv: option '--split <name>' argument 'all' is invalid/],
  [['--model', model, '--limit', '0'], 2, /^pxv: read options: --limit: expected a whole number of 1 or more/],
])('pxv eval-images binarized-mnist %j ends with %i and one line', async (args, expected, line) => {
  const { code, stdout, stderr } = await evaluate(...args, '--instruction-set', 'wasm');
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd()).not.toContain('\n');
});

test('pxv eval-images asks for a model where none is shipped for the set', async () => {
  const { code, stdout, stderr } = await pxvInProcess(['eval-images', 'imagenet64']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(
    /^pxv: read options: --model: expected a model, since none is shipped .* imagenet64, received none;[^\n]+\n$/,
  );
});

test('pxv eval-images says of a name that is no data set that it is none', async () => {
  const { code, stdout, stderr } = await pxvInProcess(['eval-images', 'cifra']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(
    /^pxv: find data set: cifra: expected one of cifar, [^\n]+, received no such name or folder;[^\n]+\n$/,
  );
});
