import { jest } from '@jest/globals';
import { chmodSync, createReadStream, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ffmpeg from 'fluent-ffmpeg';
import { concatenateVideos, writeClip } from '../../src/video/clip-writer.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import { measureLosslessSize } from '../../src/video/lossless-codecs.js';
import { openStream } from '../../src/video/streamed-video.js';
import { as, collect, lossless, makeClip, read, staircase, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const { PXV_FFMPEG } = process.env;
const { path: program } = await findFfmpeg();

/** Makes PXV_FFMPEG a program that runs FFmpeg, and returns the arguments of its runs so far. */
function useLoggedFfmpeg(): () => string[] {
  writeFileSync(at('ffmpeg'), `#!/bin/sh\necho "$*" >> '${at('log')}'\nexec '${program}' "$@"\n`);
  chmodSync(at('ffmpeg'), 0o755);
  process.env.PXV_FFMPEG = at('ffmpeg');
  return () => readFileSync(at('log'), 'utf8').trimEnd().split('\n');
}

afterEach(() => {
  jest.restoreAllMocks();
  if (PXV_FFMPEG === undefined) delete process.env.PXV_FFMPEG;
  else process.env.PXV_FFMPEG = PXV_FFMPEG;
});
afterAll(folder.remove);

/** Methods of a command that start FFmpeg to ask what it is capable of. */
const questions = ['availableFormats', 'availableEncoders', 'availableCodecs', 'availableFilters'] as const;

const frameRate = { numerator: 10, denominator: 1 };
const frames = staircase(3, 64, 64, 3);
const film = makeClip(at('film.avi'), frames, ...lossless);

async function* clip() {
  yield* await Promise.resolve(frames);
}

const uses: [string, number, () => Promise<unknown>][] = [
  ['opening and reading a clip', 2, () => read(film, as(8, 8, 3))],
  ['writing a video', 1, () => writeClip(at('a.mp4'), frames, { frameRate })],
  ['joining videos', 1, () => concatenateVideos(at('b.mp4'), [{ path: at('a.mp4'), frames: 3 }], frameRate)],
  ['measuring a lossless codec', 3, () => measureLosslessSize('ffv1', clip())],
  ['reading a stream', 1, async () => collect((await openStream(createReadStream(at('a.mp4')), as(8, 8, 3))).frames)],
];

test.each(uses)('%s starts FFmpeg through fluent-ffmpeg, and %d times only', async (_, count, use) => {
  const runs = useLoggedFfmpeg();
  await findFfmpeg();
  rmSync(at('log'), { force: true });
  const commands = ffmpeg.prototype as Record<'emit' | (typeof questions)[number], (...given: unknown[]) => unknown>;
  const emit = jest.spyOn(commands, 'emit');
  const asked = questions.map((name) => jest.spyOn(commands, name));
  await use();
  const started = emit.mock.calls.flatMap(([event, line]) => (event === 'start' ? [line as string] : []));
  expect(started).toHaveLength(count);
  expect(runs().sort()).toEqual(started.map((line) => line.replace('ffmpeg ', '')).sort());
  // Answers are kept, so that a question asked before is not in the log.
  expect(asked.flatMap(({ mock }) => mock.calls)).toEqual([]);
});

test('one source imports fluent-ffmpeg, and none that starts other processes asks for the path of FFmpeg', () => {
  const sources = ['src', 'cli', 'datasets', 'scripts', 'bench']
    .flatMap((top) => readdirSync(top, { recursive: true, encoding: 'utf8' }).map((name) => join(top, name)))
    .filter((path) => /\.(?:ts|mjs|js)$/.test(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8').replaceAll(/^import type .*/gm, '') }));
  const importersOf = (name: string) => sources.filter(({ text }) => new RegExp(`'(?:node:)?${name}'`).test(text));
  expect(importersOf('fluent-ffmpeg').map(({ path }) => path)).toEqual([join('src', 'video', 'ffmpeg-command.ts')]);
  const starters = importersOf('child_process');
  expect(starters.length).toBeGreaterThan(5);
  const suspects = starters.filter(({ text }) => /findFfmpeg|ffmpeg-binary|['"`]ffmpeg\b/.test(text));
  expect(suspects.map(({ path }) => path)).toEqual([]);
});
