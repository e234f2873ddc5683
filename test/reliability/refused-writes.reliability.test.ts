import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { parseTemporaryName } from '../../src/foundation/write-file.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { RunFolder } from '../../src/training/run-folder.js';
import '../backend/implementations.js';
import { pxvInProcess } from '../cli/in-process.js';
import type { Outcome } from '../cli/pxv.js';
import { randomNumbers } from '../random.js';
import { pngClip } from '../commands/train/tiny-clips.js';
import { tinyRun } from '../training/moving-square.js';
import { temporaryFolder } from '../video/made-clips.js';
import { chooseCases } from '../extent.js';
import { printFigure } from './figures.js';
import { trainedIn } from './trained.js';

const folder = temporaryFolder();
const mounted: string[] = [];
afterAll(() => {
  for (const path of mounted) spawnSync('umount', [path]);
  folder.remove();
});
const at = (...parts: string[]) => join(folder.path, ...parts);

/** Mounts a disk in memory at `path`, or changes how it is mounted. Returns false if this process may not. */
function mount(path: string, options: string): boolean {
  mkdirSync(path, { recursive: true });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  if (status === 0 && !options.startsWith('remount')) mounted.push(path);
  return status === 0;
}

const mayMount = mount(at('trial'), 'size=64k');
const describeHere = mayMount ? describe : describe.skip;
const title = mayMount ? '' : ' (this process may not mount disks)';

const run = (...args: string[]) => pxvInProcess(args, { cwd: folder.path });
const train = ['train', '--config', 'config.json', '--quiet'];
const resume = ['train', '--resume', '--quiet'];
const model = ['--model', 'whole', '--quiet', '--threads', '1'];

beforeAll(async () => {
  for (const [index, name] of ['a', 'b', 'c'].entries()) await pngClip(at('clips'), name, 4 + index);
  writeFileSync(at('config.json'), JSON.stringify(tinyRun({ steps: 12, validations: 4 })));
  expect(await run(...train, '--out', 'whole')).toMatchObject({ code: 0 });
  expect(await run('encode', 'clips/c', ...model, '--out', 'coded.pxv')).toMatchObject({ code: 0 });
});

function expectOneLine({ code, stderr }: Outcome, message: RegExp): void {
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(message)]);
  expect(code).toBe(1);
}

/** Expects a run folder whose newest state and model, if it has them, load. */
function expectLoads(path: string): void {
  const folder = new RunFolder(path);
  if (folder.hasTraining) tf.dispose(folder.load().checkpoint.state);
  if (existsSync(join(path, 'model.safetensors'))) loadModel(path);
}

const works = [
  { name: 'predict', args: ['predict', 'clips/c', '--next', '3'], out: 'film.mp4' },
  { name: 'predict to pictures', args: ['predict', 'clips/c', '--next', '3'], out: 'frames/' },
  { name: 'encode', args: ['encode', 'clips/c'], out: 'c.pxv' },
  { name: 'decode', args: ['decode', 'coded.pxv'], out: 'c.mkv' },
  { name: 'surprise', args: ['surprise', 'clips/c'], out: 'found' },
];

describeHere(`a disk that is full${title}`, () => {
  const disks = chooseCases(1, 40);
  test(`ends trainings on ${disks} disks of random sizes in one line; each goes on once there is room`, async () => {
    const random = randomNumbers(1);
    const ends: string[] = [];
    for (let disk = 0; disk < disks; disk++) {
      const place = at(`disk-${disk}`);
      expect(mount(place, `size=${4096 * Math.ceil(12 + 140 * random())}`)).toBe(true);
      const out = join(place, 'run');
      const outcome = await run(...train, '--out', out);
      ends.push(outcome.code === 0 ? 'fitted' : outcome.stderr.replace(/.*(ENOSPC|GiB).*\n/, '$1'));
      if (outcome.code !== 0) expectOneLine(outcome, /^pxv: .*(ENOSPC.*free the disk|GiB that are free)/);
      expectLoads(out);
      expect(mount(place, 'remount,size=64m')).toBe(true);
      if (outcome.code !== 0) {
        const goesOn = new RunFolder(out).hasTraining;
        ends.push(goesOn ? 'resumed' : 'started again');
        expect(await run(...(goesOn ? resume : train), '--out', out)).toMatchObject({ code: 0 });
      }
      expect(trainedIn(out)).toEqual(trainedIn(at('whole')));
    }
    const counts = [...new Set(ends)].map((end) => `${end}: ${ends.filter((one) => one === end).length}`);
    printFigure(counts.sort().join(', '));
  });

  test.each(works)('ends $name in one line, and leaves nothing', async ({ name, args, out }) => {
    const place = at(`full-${name}`);
    expect(mount(place, 'size=4k')).toBe(true);
    writeFileSync(join(place, 'filling'), Buffer.alloc(4096));
    expectOneLine(await run(...args, ...model, '--out', join(place, out)), /ENOSPC|No space left|free the disk/);
    expect(readdirSync(place)).toEqual(['filling']);
  });
});

describeHere(`a folder that is read-only${title}`, () => {
  beforeAll(async () => {
    expect(mount(at('fixed'), 'size=64m')).toBe(true);
    expect(await run(...train, '--out', 'fixed/run')).toMatchObject({ code: 0 });
    expect(mount(at('fixed'), 'remount,ro,size=64m')).toBe(true);
  });

  test.each([
    ...works,
    { name: 'a new training', args: train, out: 'other' },
    { name: 'a training that goes on', args: [...resume, '--steps', '20'], out: 'run' },
    { name: 'a training that replaces another', args: [...train, '--overwrite'], out: 'run' },
  ])('refuses $name in one line, and stays as it is', async ({ args, out }) => {
    const before = trainedIn(at('fixed', 'run'));
    const models = args.includes('train') ? [] : model;
    expectOneLine(await run(...args, ...models, '--out', join('fixed', out)), /EROFS: .*choose another/);
    expect(readdirSync(at('fixed'))).toEqual(['run']);
    expect(trainedIn(at('fixed', 'run'))).toEqual(before);
  });
});

test('no temporary file is left in any folder', () => {
  const left = readdirSync(folder.path, { recursive: true, encoding: 'utf8' });
  expect(left.filter((path) => parseTemporaryName(path.split('/').at(-1)!) !== null)).toEqual([]);
});
