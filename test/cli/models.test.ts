import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel } from '../../src/model/checkpoint.js';
import { buildChain } from '../../src/model/chain.js';
import { describeModel } from '../../src/model/presets.js';
import { pxvInProcess } from './in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'pxv-models-'));
const size = { width: 9, height: 7 };
const settings = {
  size,
  channels: 3,
  levels: 256,
  hidden: 6,
  layers: 2,
  head: 'logistic-mixture',
  context: 2,
} as const;
let parameters: number;

beforeAll(() => {
  const description = describeModel('pixel-cnn', settings);
  const chain = buildChain(description);
  const weights = chain.parameters.map(({ shape }) => new Float32Array(shape.reduce((a, b) => a * b, 1)));
  parameters = weights.reduce((sum, { length }) => sum + length, 0);
  saveModel(join(folder, 'model.safetensors'), {
    description,
    chain,
    weights,
    step: 12,
    frameRate: null,
    drawing: null,
    origin: null,
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

test('pxv models describes a run folder', async () => {
  const { code, stdout } = await pxvInProcess(['models', folder, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    version: 2,
    models: [
      {
        model: folder,
        layers: '2 pixel-cnn-block',
        head: 'logistic-mixture',
        width: 9,
        height: 7,
        channels: 3,
        scales: 1,
        context: 2,
        frameRate: null,
        parameters,
        steps: 12,
        for: null,
        learnedFrom: null,
        score: null,
      },
    ],
  });
});

test('pxv models prints one line for each model under the titles', async () => {
  const { stdout } = await pxvInProcess(['models', folder, join(folder, 'model.safetensors')]);
  const [titles, ...lines] = stdout.trimEnd().split('\n');
  expect(titles).toMatch(/^model +layers +head +size +channels +scales +context +frames\/s +parameters +last steps$/);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(new RegExp(` 2 pixel-cnn-block +logistic-mixture +9x7 +rgb +1 +2 +- +${parameters} +12$`));
});

test('pxv models says of those that ship what they are for, what they learned from, and how they score', async () => {
  const { stdout } = await pxvInProcess(['models']);
  expect(stdout).toMatch(
    /\nvideo-64: the next frames of RGB video: .*\n {2}learned from \d+ public clips .*\n.* 1\.\d{3} bits\/dim on /,
  );
  const { models } = JSON.parse((await pxvInProcess(['models', 'cifar', '--json'])).stdout) as { models: object[] };
  expect(models[0]).toMatchObject({ for: expect.any(String) as string, score: { unit: 'bits/dim' } });
});

test('pxv models refuses a model that does not exist, in one line', async () => {
  const { code, stdout, stderr } = await pxvInProcess(['models', join(folder, 'none')]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^pxv: find model: .*none: expected a run folder .*, received no such path or name; .*\n$/);
});
