import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { jsonOf, makeClips, tiny } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => makeClips(folder.path, 2));

const train = (out: string, ...args: string[]) => {
  const clips = ['--frames', 'clips/clip-0', '--validate', 'clips/clip-1'];
  return pxvInProcess(['train', ...clips, '--out', out, ...args], { cwd: folder.path });
};
const validationsOf = (run: string) =>
  readFileSync(join(folder.path, run, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: number; validation?: number })
    .filter(({ validation }) => validation !== undefined);

test('pxv train starts from a shipped model, and compares other networks with it on the same frames', async () => {
  const started = await train('started', '--size', '16x12', '--steps', '1', '--batch', '1');
  expect(started.code).toBe(0);
  expect(started.stderr).toMatch(/^pxv: starts from video-64, .*--from none: random weights$/m);
  const [first] = validationsOf('started');
  expect(first.step).toBe(0);

  const own = await train('own', ...tiny, '--steps', '1', '--json');
  expect(own.stderr).toMatch(/^pxv: starts from random weights, since options describe a network/m);
  const { name, bitsPerDim } = jsonOf(own).shipped as { name: string; bitsPerDim: number };
  expect(name).toBe('video-64');
  expect(bitsPerDim).toBeCloseTo(first.validation!, 5);
  // A model of other levels cannot be compared.
  const gray = await train('gray', ...tiny, '--levels', '16', '--steps', '1', '--json');
  expect(jsonOf(gray).shipped).toBeNull();
}, 60_000);
