import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { linesSaid } from './pxv.js';
import { jsonOf, makeClips, tiny, trainTinyRun } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (...parts: string[]) => join(folder.path, ...parts);
const predict = (...args: string[]) =>
  pxvInProcess(['predict', ...args, '--model', 'run', '--next', '1', '--overwrite'], here);

beforeAll(async () => {
  await makeClips(folder.path, 2);
  await trainTinyRun(folder.path, pxvInProcess);
}, 120_000);

test('--quiet shows the result alone', async () => {
  const { stdout, stderr } = await predict('clips/clip-0', '--out', 'quiet.gif', '--quiet');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^quiet\.gif: .*\n$/);
});

test('the object that --json prints has a version', async () => {
  expect(jsonOf(await predict('clips/clip-0', '--out', 'json.gif', '--json'))).toMatchObject({ version: 2 });
});

test.each(['x', '-3', '1.5'])('--known-frames %s is refused by the name of the flag', async (text) => {
  const { code, stderr } = await predict('clips/clip-0', '--known-frames', text);
  expect(code).toBe(2);
  expect(stderr).toBe(
    `pxv: read options: --known-frames: expected a whole number of frames, or all, received "${text}"; give one such ` +
      `as --known-frames 12\n`,
  );
});

test('anchors are labelled', async () => {
  const { anchors } = jsonOf(
    await pxvInProcess(['eval-video', 'clips', '--model', 'run', '--horizon', '0', '--json'], here),
  );
  const { labels, mean } = anchors as { labels: string[]; mean: number[] };
  expect(labels).toEqual(['expected frame', 'last frame']);
  expect(mean).toHaveLength(2);
});

test('a file whose name begins as a flag does is found with a hint', async () => {
  cpSync(at('quiet.gif'), at('-lead.gif'));
  const outcome = await predict('-lead.gif');
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toBe(
    "pxv: unknown option '-lead.gif' (for the file of this name write ./-lead.gif); see pxv predict --help\n",
  );
});

test('the end of a line in a name ends no line of a result', async () => {
  cpSync(at('quiet.gif'), at('two\nlines.gif'));
  const { stdout } = await predict('two\nlines.gif', '--out', 'out.gif');
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  const { stdout: table } = await pxvInProcess(
    ['eval-video', 'two\nlines.gif', '--model', 'run', '--horizon', '0'],
    here,
  );
  expect(table.split('\n')[1]).toMatch(/^two\ufffdlines\.gif {2}/);
});

test('models says of a run what its log has', async () => {
  const learned = [
    '--frames',
    'clips/clip-0',
    '--validate',
    'clips/clip-1',
    '--out',
    'scored',
    ...tiny,
    '--steps',
    '2',
  ];
  await pxvInProcess(['train', ...learned], here);
  const { models } = jsonOf(await pxvInProcess(['models', 'scored', '--json'], here)) as {
    models: { score: object }[];
  };
  expect(models[0].score).toEqual({ value: expect.any(Number) as number, unit: 'bits/dim', on: 'its validation' });
  const { stdout } = await pxvInProcess(['models', 'scored'], here);
  expect(stdout).toMatch(/^scored\n {2}scores \d\.\d{3} bits\/dim on its validation$/m);
});

test('--patience ends a training that gets no better, and it stays ended until it is lengthened', async () => {
  const clips = ['--frames', 'clips/clip-0', '--validate', 'clips/clip-1', '--out', 'patient'];
  // So small that no weight changes, and no validation is better than the first.
  const train = ['train', ...clips, ...tiny, '--steps', '40', '--learning-rate', '1e-30', '--patience', '2', '--json'];
  expect(jsonOf(await pxvInProcess(train, here))).toMatchObject({ steps: 6, bestStep: 2 });
  const resumed = jsonOf(await pxvInProcess(['train', '--resume', '--out', 'patient', '--json'], here));
  expect(resumed).toMatchObject({ steps: 6, resumedFrom: 6 });
  const longer = ['train', '--resume', '--steps', '60', '--out', 'patient', '--json'];
  // Two validations more, of 20 in 60 steps.
  expect(jsonOf(await pxvInProcess(longer, here))).toMatchObject({ steps: 12, resumedFrom: 6 });
  const again = jsonOf(await pxvInProcess(['train', '--resume', '--out', 'patient', '--json'], here));
  expect(again).toMatchObject({ steps: 12, resumedFrom: 12 });
}, 120_000);

test('--dry-run says what a training would be, and writes nothing', async () => {
  const train = ['train', '--frames', 'clips', '--out', 'never', ...tiny, '--steps', '7', '--dry-run'];
  const { code, stdout } = await pxvInProcess(train, here);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^would learn from 2 clips, for 7 steps, into never\nmodel: .*, 16x12, .*\nmemory: \d+ MiB .*\ntime, .* s a step/,
  );
  expect(existsSync(at('never'))).toBe(false);
  expect((await pxvInProcess(['train', '--resume', '--out', 'run', '--dry-run'], here)).stderr).toMatch(
    /--dry-run: expected no/,
  );
});

test('what a killed process left of a file goes when the file is written again, a day later', async () => {
  const [old, young] = ['0', '1'].map((digit) => `.quiet.gif.${digit.repeat(16)}.partial`);
  for (const name of [old, young]) writeFileSync(at(name), '');
  const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
  utimesSync(at(old), yesterday, yesterday);
  await predict('clips/clip-0', '--out', 'quiet.gif');
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.partial'))).toEqual([young]);
});

test('many more pixels than a model learned at are said before the work', async () => {
  const outcome = await predict('clips/clip-0', '--out', 'large.gif', '--short-side', '36');
  expect(linesSaid(outcome)[0]).toMatch(
    /warning: .*48x36 has 9-fold the pixels that the model learned at, 16x12: a frame takes as much longer$/,
  );
});

// Root may look into any folder, so that another user asks.
(process.getuid?.() === 0 ? test : test.skip)('a folder that may not be entered is left out', () => {
  mkdirSync(at('closed', 'none'), { recursive: true });
  cpSync(at('clips'), at('closed', 'clips'), { recursive: true });
  chmodSync(at('closed', 'none'), 0);
  for (const path of [folder.path, at('closed')]) chmodSync(path, 0o777);
  const train = [
    'dist/cli/main.js',
    'train',
    '--frames',
    at('closed'),
    '--out',
    at('of-another'),
    ...tiny,
    '--steps',
    '2',
  ];
  const { status, stderr } = spawnSync(process.execPath, train, { uid: 65534, encoding: 'utf8' });
  expect(stderr).toMatch(/warning: none: skipped: read video: .*received a path without permission to read; /);
  expect(status).toBe(0);
});
