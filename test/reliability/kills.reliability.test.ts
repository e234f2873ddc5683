import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { parseTemporaryName } from '../../src/foundation/write-file.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { RunFolder } from '../../src/training/run-folder.js';
import '../backend/implementations.js';
import { pxv, start } from '../cli/pxv.js';
import { randomNumbers } from '../random.js';
import { tinyRun } from '../training/moving-square.js';
import { as, ffmpeg, read, temporaryFolder } from '../video/made-clips.js';
import { chooseCases } from '../extent.js';
import { printFigure } from './figures.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);

const STEPS = 40;
beforeAll(async () => {
  await tf.setBackend('native-wasm');
  mkdirSync(at('clips'));
  for (let clip = 0; clip < 3; clip++) {
    const source = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=10:duration=4'];
    ffmpeg([...source, '-vf', `rotate=${0.1 * clip}`, '-c:v', 'ffv1', at('clips', `${clip}.mkv`)]);
  }
  const configuration = tinyRun({ steps: STEPS, validations: STEPS / 2 });
  writeFileSync(at('config.json'), JSON.stringify(configuration));
  const trained = await pxv([...train, '--out', 'model'], { cwd: folder.path });
  expect(trained).toMatchObject({ code: 0 });
  const encoded = await pxv(['encode', clip, ...model, '--out', 'coded.pxv'], { cwd: folder.path });
  expect(encoded).toMatchObject({ code: 0 });
});

/** Moment of a kill: uniform over the undisturbed duration, or soon after the first write to one of these files. */
type Moment = 'any' | 'the state is saved' | 'a clip is decoded';

/** Command that is killed. */
interface Work {
  name: string;
  moment: Moment;
  kills: number;
  args: string[];
  /** Arguments with which the command goes on. Default: those of its first start. */
  resumed?: string[];
  /** Output, below a folder of the work. */
  out: string;
}

const train = ['train', '--config', 'config.json', '--quiet'];
const resumed = ['train', '--resume', '--quiet'];
const model = ['--model', 'model', '--quiet', '--threads', '1'];
const clip = join('clips', '0.mkv');
const trainings = { args: train, resumed, out: 'run' };

const works: Work[] = [
  { name: 'train', moment: 'any', kills: chooseCases(0, 60), ...trainings },
  { name: 'train', moment: 'the state is saved', kills: chooseCases(0, 30), ...trainings },
  { name: 'train', moment: 'a clip is decoded', kills: chooseCases(0, 20), ...trainings },
  {
    name: 'predict',
    moment: 'any',
    kills: chooseCases(0, 30),
    args: ['predict', clip, '--next', '40', '--samples', '2', ...model],
    out: 'film.mp4',
  },
  { name: 'encode', moment: 'any', kills: chooseCases(1, 25), args: ['encode', clip, ...model], out: 'clip.pxv' },
  {
    name: 'decode',
    moment: 'any',
    kills: chooseCases(0, 10),
    args: ['decode', 'coded.pxv', ...model],
    out: 'clip.mkv',
  },
  { name: 'surprise', moment: 'any', kills: chooseCases(0, 25), args: ['surprise', clip, ...model], out: 'found' },
];

/**
 * The bytes of each file of an output, by name; times and what depends on them aside. The film of a search is cut into
 * parts by the clock, so its frames are counted instead.
 */
async function bytesIn(out: string): Promise<Map<string, string>> {
  const files = statSync(out).isDirectory() ? readdirSync(out, { recursive: true, encoding: 'utf8' }) : [''];
  const found = new Map<string, string>();
  for (const name of files) {
    const path = join(out, name);
    if (!statSync(path).isFile() || /^(samples|machine\.jsonl)/.test(name)) continue;
    const bytes = readFileSync(path, 'latin1');
    if (name === 'film.mp4') found.set(name, `${(await read(path, as(32, 24, 3))).length} frames`);
    else found.set(name, name.endsWith('.json') || name === 'log.jsonl' ? withoutTimes(bytes) : bytes);
  }
  return found;
}

const withoutTimes = (text: string) => text.replace(/"(seconds|validationSeconds)": ?[\d.e-]+/g, '"$1":0');

/** Expects that each file with a final name is whole. */
async function expectWhole(work: Work, out: string, whole: ReadonlyMap<string, string>): Promise<void> {
  if (!existsSync(out)) return;
  if (work.name !== 'train') {
    const killed = await bytesIn(out);
    for (const [name, bytes] of killed)
      expect({ name, isWhole: bytes === whole.get(name) }).toEqual({ name, isWhole: true });
    expect([...killed.keys()].sort()).toEqual([...whole.keys()].sort());
    return;
  }
  const run = new RunFolder(out);
  if (run.hasTraining) tf.dispose(run.load().checkpoint.state);
  if (existsSync(join(out, 'model.safetensors'))) loadModel(out);
  for (const name of ['config.json', 'data.jsonl', 'machine.jsonl'].filter((one) => existsSync(join(out, one)))) {
    const text = readFileSync(join(out, name), 'utf8');
    const values = name.endsWith('.jsonl') ? text.trimEnd().split('\n') : [text];
    values.forEach((value) => JSON.parse(value) as unknown);
  }
  for (const name of existsSync(run.frames) ? readdirSync(run.frames) : [])
    if (parseTemporaryName(name) === null) expectWholeFrames(join(run.frames, name));
}

/** Expects stored frames to have the hash in their footer. */
function expectWholeFrames(path: string): void {
  const stored = readFileSync(path);
  const length = stored.readUInt32LE(stored.length - 4);
  const { sha256 } = JSON.parse(stored.subarray(-4 - length, -4).toString()) as { sha256: string };
  const frames = stored.subarray(0, stored.length - 4 - length);
  expect(createHash('sha256').update(frames).digest('hex')).toBe(sha256);
}

/** Returns the FFmpeg processes with the variable `PXV_TEST=mark` in their environment; none but on Linux. */
function ffmpegsOf(mark: string): string[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('ffmpeg') &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`PXV_TEST=${mark}`)
      );
    } catch {
      return false;
    }
  });
}

/** Resolves once a temporary file of a name that `pattern` matches is made below a folder that may not be there yet. */
async function untilWritten(out: string, pattern: RegExp, signal: AbortSignal): Promise<void> {
  while (!existsSync(out) && !signal.aborted) await sleep(1);
  const isMade = (name: string | null) => pattern.test(name ?? '');
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const watcher = watch(out, (_, name) => isMade(name) && watcher.close());
    signal.addEventListener('abort', () => watcher.close());
    watcher.once('close', resolve);
    if (readdirSync(out).some(isMade)) watcher.close();
  });
}

const patterns = { 'the state is saved': /^\.training\.safetensors/, 'a clip is decoded': /\.frames.*\.partial$/ };

/** Starts a work and kills it. Returns false if the work ended before. */
async function kill(work: Work, out: string, duration: number, random: () => number): Promise<boolean> {
  const mark = `${process.pid}-${out}`;
  const child = start([...work.args, '--out', relative(folder.path, out)], {
    cwd: folder.path,
    env: { PXV_TEST: mark },
  });
  const closed = once(child, 'close');
  const ended = new AbortController();
  void closed.then(() => ended.abort());
  if (work.moment === 'any') {
    await Promise.race([sleep(random() * duration), closed]);
  } else {
    const place = work.moment === 'a clip is decoded' ? join(out, 'frames') : out;
    for (let saves = Math.ceil(random() * 3); saves > 0; saves--)
      await untilWritten(place, patterns[work.moment], ended.signal);
    await sleep(random() * 4);
  }
  child.kill('SIGKILL');
  await closed;
  for (const deadline = performance.now() + 5000; ffmpegsOf(mark).length > 0; await sleep(20))
    if (performance.now() > deadline) throw new Error(`FFmpeg stays behind: ${ffmpegsOf(mark).join()}`);
  return child.signalCode === 'SIGKILL';
}

const tested = works.filter(({ kills }) => kills > 0);
test.each(tested)('$name, killed $kills times when $moment, ends with the bytes of one that was not', async (work) => {
  const whole = at('whole', work.out);
  mkdirSync(at('whole'), { recursive: true });
  const command = (args: string[], out: string) => [...args, '--out', relative(folder.path, out)];
  const durations: number[] = [];
  for (const out of existsSync(whole)
    ? [at('whole', `again-${work.out}`)]
    : [whole, at('whole', `again-${work.out}`)]) {
    const began = performance.now();
    expect(await pxv(command([...work.args, '--overwrite'], out), { cwd: folder.path })).toMatchObject({ code: 0 });
    durations.push(performance.now() - began);
  }
  const duration = Math.min(...durations);
  const expected = await bytesIn(whole);
  const random = randomNumbers(works.indexOf(work));
  const outcomes = { killed: 0, ended: 0, resumed: 0 };
  // A kill that comes too late counts for nothing.
  for (let tries = 0; outcomes.killed < work.kills; tries++) {
    expect(tries).toBeLessThan(10 * work.kills);
    const place = at(`killed-${works.indexOf(work)}-${tries}`);
    mkdirSync(place);
    const out = join(place, work.out);
    const isStopped = await kill(work, out, duration, random);
    // A process may be killed after its output has its final name.
    const isKilled = isStopped && (work.name === 'train' || !existsSync(out));
    outcomes[isKilled ? 'killed' : 'ended']++;
    await expectWhole(work, out, expected);
    const goesOn = work.resumed !== undefined && new RunFolder(out).hasTraining;
    if (goesOn) outcomes.resumed++;
    if (isKilled) {
      const args = goesOn ? work.resumed! : work.args;
      expect(await pxv(command(args, out), { cwd: folder.path })).toMatchObject({ code: 0, stderr: '' });
    }
    const made = await bytesIn(out);
    expect([...made.keys()].filter((name) => parseTemporaryName(name) !== null)).toEqual([]);
    expect([...made.keys()]).toEqual([...expected.keys()]);
    for (const [name, bytes] of made)
      expect({ name, isSame: bytes === expected.get(name) }).toEqual({ name, isSame: true });
    rmSync(place, { recursive: true });
  }
  printFigure(JSON.stringify({ work: work.name, moment: work.moment, ...outcomes }));
});
