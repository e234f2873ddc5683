import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { spawn } from 'node:child_process';
import sharp from 'sharp';
import { formatNpyHeader } from '../../src/foundation/npy.js';
import { start, pxv, outcomeOf, type Outcome } from '../cli/pxv.js';
import { jsonOf } from '../cli/tiny-run.js';
import { pngClip } from '../commands/train/tiny-clips.js';
import { tinyRun } from '../training/moving-square.js';
import { ffmpeg, temporaryFolder } from '../video/made-clips.js';
import { chooseCases, isThorough } from '../extent.js';
import { printFigure } from './figures.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);
const here = { cwd: folder.path };
const MIB = 2 ** 20;

/** Most resident memory in bytes that a process had; 0 where /proc is not. */
function residentBytes(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  try {
    const [, kilobytes] = new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return 1024 * Number(kilobytes ?? 0);
  } catch {
    return 0;
  }
}

/** Runs a command, and notes its time and the most memory that it had. */
async function measure(what: string, args: string[]): Promise<Outcome> {
  const began = performance.now();
  const child = start(args, here);
  let most = 0;
  const looking = setInterval(() => (most = Math.max(most, residentBytes(child.pid!, 'VmHWM'))), 100);
  const outcome = await outcomeOf(child);
  clearInterval(looking);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  printFigure(`${what}: exit code ${outcome.code}, ${seconds} s, at most ${(most / MIB).toFixed(0)} MiB`);
  return outcome;
}

const cheap = ['--threads', '1', '--quiet', '--json'];

beforeAll(async () => {
  for (const [index, name] of ['a', 'b', 'c'].entries()) await pngClip(at('clips'), name, 4 + index);
  writeFileSync(at('config.json'), JSON.stringify(tinyRun({ steps: 4, validations: 2 })));
  expect(await pxv(['train', '--config', 'config.json', '--out', 'run', ...cheap], here)).toMatchObject({ code: 0 });
});

const minutes = chooseCases(0, 10);
(minutes > 0 ? test : test.skip)(`a training of ${minutes} minutes does not grow`, async () => {
  const { training, ...others } = tinyRun();
  const timed = { ...others, training: { ...training, steps: null, minutes } };
  writeFileSync(at('timed.json'), JSON.stringify(timed));
  const child = start(['train', '--config', 'timed.json', '--out', 'timed', ...cheap], here);
  const ended = outcomeOf(child);
  const sizes: number[] = [];
  const looking = setInterval(() => sizes.push(residentBytes(child.pid!, 'VmRSS')), 1000);
  const outcome = await ended;
  clearInterval(looking);
  expect(outcome.code).toBe(0);
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const living = sizes.filter((size) => size > 0);
  const minute = (from: number) => median(living.slice(from, from + 60)) / MIB;
  const [second, last] = [minute(60), minute(living.length - 65)];
  const { steps } = jsonOf(outcome);
  printFigure(`${String(steps)} steps: ${second.toFixed(1)} MiB in the second minute, ${last.toFixed(1)} in the last`);
  expect(last).toBeLessThan(1.1 * second);
});

const predictions = chooseCases(20, 1000);
test(`${predictions} predictions in one process do not grow`, async () => {
  const library = pathToFileURL(resolve('dist/src/index.js')).href;
  const program = `
    import { chooseBackend, loadModel, predictClip } from ${JSON.stringify(library)};
    await chooseBackend({ threads: 1 });
    const model = loadModel(${JSON.stringify(at('run'))});
    const sizes = [];
    for (let done = 0; done < ${predictions}; done++) {
      await predictClip(model, ${JSON.stringify(at('clips', 'c'))}, {
        ...{ out: 'film.png', overwrite: true, horizon: 2, seed: BigInt(done) },
      });
      if (done % ${predictions / 10} === ${predictions / 10 - 1}) {
        gc();
        sizes.push(process.memoryUsage.rss());
      }
    }
    console.log(JSON.stringify(sizes));`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', program], here);
  const { code, stdout, stderr } = await outcomeOf(child);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const sizes = (JSON.parse(stdout) as number[]).map((size) => size / MIB);
  printFigure(`${predictions} predictions, MiB after each tenth: ${sizes.map((size) => size.toFixed(0)).join(' ')}`);
  expect(sizes.at(-1)! - sizes[1]).toBeLessThan(30);
});

const frames = chooseCases(300, 100_000);
test(`a folder of ${frames} frames is a clip`, async () => {
  const path = at('long');
  mkdirSync(path);
  const png = await sharp({ create: { width: 12, height: 10, channels: 3, background: '#406080' } })
    .png()
    .toBuffer();
  // A file has at most 65,000 links on ext4.
  const first = Array.from({ length: Math.ceil(frames / 50_000) }, (_, at) => join(path, `${at * 50_000}.png`));
  for (const file of first) writeFileSync(file, png);
  for (let index = 0; index < frames; index++)
    if (index % 50_000 !== 0) linkSync(first[Math.floor(index / 50_000)], join(path, `${index}.png`));
  const model = ['--model', 'run', ...cheap];
  const predicted = await measure(`predict after ${frames} frames`, ['predict', 'long', '--next', '2', ...model]);
  expect(jsonOf(predicted)).toMatchObject({ known: frames, predicted: 2 });
});

const clips = chooseCases(50, 10_000);
test(`${clips} clips are learned from`, async () => {
  mkdirSync(at('many'));
  const header = formatNpyHeader([4, 10, 12]);
  for (let clip = 0; clip < clips; clip++) {
    const data = Uint8Array.from({ length: 480 }, (_, index) => (index * 7 + clip) % 256);
    writeFileSync(at('many', `${clip}.npy`), Buffer.concat([header, data]));
  }
  const args = ['train', '--config', 'config.json', '--frames', 'many', '--out', 'of-many', ...cheap];
  const outcome = await measure(`train on ${clips} clips`, args);
  expect(jsonOf(outcome)).toMatchObject({ steps: 4 });
});

const shapes = [
  ['1x1', 10],
  ['4096x1', 10],
  ['3840x2160', 10],
] as const;
describe.each(shapes.slice(0, chooseCases(1, shapes.length)))('a clip of %s', (size, count) => {
  const name = `clip-${size}.mkv`;
  beforeAll(() =>
    ffmpeg([
      '-f',
      'lavfi',
      '-i',
      `testsrc2=size=64x64:rate=10`,
      '-frames:v',
      String(count),
      '-vf',
      `scale=${size.replace('x', ':')}`,
      '-c:v',
      'ffv1',
      at(name),
    ]),
  );
  const model = isThorough ? ['--model', 'video-64'] : ['--model', 'run'];
  const works: [string, string[]][] = [
    ['predict', ['predict', name, '--next', '2', '--out', `${size}.mp4`]],
    ['encode', ['encode', name, '--size', '16x12', '--out', `${size}.pxv`]],
    ['surprise', ['surprise', name, '--out', `${size}-found`]],
  ];
  test.each(works.slice(0, chooseCases(1, works.length)))(
    '%s answers, or refuses it in one line',
    async (what, args) => {
      const outcome = await measure(`${what} of ${size}`, [...args, ...model, ...cheap]);
      if (outcome.code === 0) expect(jsonOf(outcome).version).toBe(2);
      else expect(outcome.stderr).toMatch(/^pxv: [^\n]+; [^\n]+\n$/);
    },
  );
});
