import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel } from '../../src/model/checkpoint.js';
import { checkedNetwork } from '../commands/check/checked-networks.js';
import { randomModel } from '../model/tiny-networks.js';
import { pxvInProcess } from './in-process.js';
import { jsonOf } from './tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'pxv-check-'));
const [sound, broken] = ['sound.safetensors', 'broken.safetensors'].map((name) => join(folder, name));

beforeAll(() => {
  const network = checkedNetwork('row-lstm', 3, true);
  const model = randomModel([network.description]);
  saveModel(sound, model);
  saveModel(broken, { ...model, weights: model.weights.map((values) => values.fill(0)) });
});

afterAll(() => rmSync(folder, { recursive: true }));

test('pxv check prints a line for each check under the titles, and ends with 0 where all pass', async () => {
  const { code, stdout } = await pxvInProcess(['check', '--model', sound]);
  expect(code).toBe(0);
  const [titles, ...lines] = stdout.trimEnd().split('\n');
  expect(titles).toMatch(/^check +size +result +found$/);
  expect(lines[0]).toMatch(/^causality +5x7 +passed +each of 105 sub-pixels changed, one at a time: /);
  expect(lines.at(-1)).toMatch(/sound\.safetensors: every check passed in \d+\.\d s$/);
});

test('pxv check --json says the same as one object, with what computed', async () => {
  const args = ['check', '--model', sound, '--json', '--seed', '7', '--instruction-set', 'wasm'];
  const { code, stdout } = await pxvInProcess(args);
  expect(code).toBe(0);
  const result = jsonOf({ code, stdout, stderr: '' });
  expect(result).toMatchObject({ model: sound, seed: '7', passed: true, instructionSet: 'wasm' });
  expect(result.checks).toContainEqual(
    expect.objectContaining({ check: 'likelihood', size: { width: 5, height: 7 }, result: 'passed' }),
  );
});

test('pxv check ends with 1 where a check fails, and still prints the table', async () => {
  const { code, stdout } = await pxvInProcess(['check', '--model', broken]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^causality +5x7 +failed +\(0, 0\) R changes no output; /m);
  expect(stdout).toMatch(/broken\.safetensors: \d of \d checks failed in /);
});

test('pxv check refuses a model that does not exist, in one line', async () => {
  const { code, stdout, stderr } = await pxvInProcess(['check', '--model', join(folder, 'none')]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^pxv: find model: .*none: expected a run folder .*\n$/);
});
