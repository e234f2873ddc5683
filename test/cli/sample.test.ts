import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { saveModel } from '../../src/model/checkpoint.js';
import { randomModel, sigmoid, softmax, tinyBound, tinyChain, tinyNetwork } from '../model/tiny-networks.js';
import { temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { jsonOf } from './tiny-run.js';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);
const grey = join(folder, 'grey.safetensors');
const chain = join(folder, 'chain.safetensors');
const given = join(folder, 'given.safetensors');
const binary = { channels: 1, levels: 2, head: sigmoid, conditioning: [] } as const;
beforeAll(() => {
  saveModel(grey, randomModel([tinyNetwork({ ...binary, size: { width: 8, height: 6 }, conditioning: [] })]));
  saveModel(chain, randomModel(tinyChain({ head: softmax, levels: 16, conditioning: [] })));
  saveModel(given, randomModel([tinyNetwork()]));
});

const sample = (...args: string[]) => pxvInProcess(['sample', ...args], { cwd: folder });

test('pxv sample writes a contact sheet, and the same bytes for the same seed', async () => {
  const settings = ['--model', grey, '--count', '5', '--scale', '2', '--seed', '7', '--json'];
  const outcome = await sample(...settings);
  expect(outcome.code).toBe(0);
  expect(jsonOf(outcome)).toMatchObject({
    ...{ model: grey, seed: '7', output: 'samples.png', images: 5, width: 8, height: 6, channels: 1 },
    ...{ temperature: 1, exact: true },
  });
  expect(jsonOf(outcome).bitsPerDim).toBeGreaterThan(0);
  // Three columns and two rows of 16 x 12, with gaps of two.
  expect(await sharp(join(folder, 'samples.png')).metadata()).toMatchObject({ width: 56, height: 30 });
  const refused = await sample(...settings);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/samples\.png: the file exists; .*, or replace it with --overwrite\n$/);
  await sample(...settings, '--overwrite');
  await sample(...settings, '--threads', '1', '--out', 'again.png');
  expect(readFileSync(join(folder, 'again.png'))).toEqual(readFileSync(join(folder, 'samples.png')));
});

test('pxv sample writes a folder of images, each the same however many are drawn', async () => {
  const draw = (count: number) =>
    sample('--model', chain, '--count', `${count}`, '--out', `of-${count}`, '--temperature', '0.8');
  expect((await draw(18)).stdout).toMatch(/^of-18: 18 images drawn by .*chain\.safetensors in .* s, .* bits\/dim\n$/);
  await draw(2);
  expect(readdirSync(join(folder, 'of-18'))).toHaveLength(18);
  for (const name of readdirSync(join(folder, 'of-2')))
    expect(readFileSync(join(folder, 'of-2', name))).toEqual(readFileSync(join(folder, 'of-18', name)));
});

test('pxv sample warns of a temperature above 2, and of none up to there', async () => {
  const drawn = (temperature: string) =>
    sample('--model', grey, '--count', '1', '--overwrite', '--temperature', temperature);
  expect((await drawn('2.5')).stderr).toContain(
    'pxv: warning: --temperature 2.5: above 2 samples are mostly noise; 1 is the model itself\n',
  );
  expect((await drawn('2')).stderr).not.toContain('warning');
});

test('pxv sample --temperature 0 draws the same image whatever the seed', async () => {
  for (const seed of ['1', '2']) {
    const outcome = await sample(
      '--model',
      grey,
      '--count',
      '1',
      '--temperature',
      '0',
      '--seed',
      seed,
      '--out',
      `mode-${seed}.png`,
    );
    expect(outcome.stdout).toMatch(/^mode-\d\.png: 1 image drawn by /);
  }
  expect(readFileSync(join(folder, 'mode-1.png'))).toEqual(readFileSync(join(folder, 'mode-2.png')));
});

test('pxv sample calls the bits of a chain that draws shared pixels twice a bound', async () => {
  const twice = join(folder, 'twice.safetensors');
  saveModel(twice, randomModel(tinyBound({ conditioning: [] })));
  const { stdout } = await sample('--model', twice, '--count', '1', '--out', 'twice.png');
  expect(stdout).toMatch(/ s, <= \d+\.\d{3} bits\/dim\n$/);
});

test.each([
  [['--model', given], 2, /^pxv: sample: .*: expected a model of images, .*; use: pxv predict$/],
  [
    ['--model', grey, '--out', 'a.jpg'],
    2,
    /^pxv: sample: a\.jpg: expected a name that ends in \.png, or a folder, received a name that ends in \.jpg;/,
  ],
  [['--model', grey, '--out', 'a.mp4'], 2, /^pxv: sample: a\.mp4: expected a name that ends in \.png, or a folder, /],
  [[], 2, /^pxv: required option '--model <run\|name>' not specified; see pxv sample --help$/],
  [['--model', grey, '--mode'], 2, /^pxv: unknown option '--mode'/],
])('pxv sample %j is refused in one line', async (args, code, text) => {
  const outcome = await sample(...args);
  expect(outcome).toMatchObject({ code, stdout: '' });
  // Where the addon is missing, a line before it says so.
  expect(outcome.stderr.trimEnd().split('\n').at(-1)).toMatch(text);
});
