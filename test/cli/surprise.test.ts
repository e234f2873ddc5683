import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { saveModel } from '../../src/model/checkpoint.js';
import { openClip } from '../../src/video/index.js';
import { randomModel, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';
import { temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
const example = 'examples/asl_yes.mkv';
const out = join(folder.path, 'found');
const model = join(folder.path, 'tiny.safetensors');
beforeAll(() =>
  saveModel(model, randomModel([tinyNetwork({ size: { width: 48, height: 32 }, conditioning: [warpedFrames] })])),
);
afterAll(folder.remove);

interface Found {
  frames: number;
  events: { peak: number; score: number; box: object }[];
  timeline: { frame: number[]; bitsPerDim: number[]; score: number[] };
}

slowTest('a clip becomes a film, a timeline and events, and nothing that is there is replaced unasked', async () => {
  const { code, stdout } = await pxvInProcess([
    'surprise',
    example,
    '--model',
    model,
    '--learn',
    '0.5s',
    '--threshold',
    '0.001',
    '--out',
    out,
    '--json',
  ]);
  // An event above a threshold that was asked for is an alarm.
  expect(code).toBe(3);
  const { frames, events, timeline } = JSON.parse(stdout) as Found;
  // 65 frames, of which 15 are learned from.
  expect([frames, timeline.frame[0], timeline.frame.at(-1), timeline.score.length]).toEqual([50, 15, 64, 50]);
  expect(events[0].score).toBeCloseTo(Math.max(...timeline.score), 9);
  // Moments are where the timeline has them.
  expect(timeline.score[timeline.frame.indexOf(events[0].peak)]).toBe(events[0].score);

  expect(readdirSync(out).sort()).toEqual(['events.csv', 'film.mp4', 'timeline.csv', 'timeline.png']);
  const [heading, ...rows] = readFileSync(join(out, 'timeline.csv'), 'utf8').trim().split('\n');
  expect(heading).toBe('frame,seconds,bits_per_dim,score,x,y,width,height');
  expect(rows.map((row) => Number(row.split(',')[2]))).toEqual(
    timeline.bitsPerDim.map((bits) => Number(bits.toFixed(4))),
  );
  expect((await sharp(join(out, 'timeline.png')).metadata()).width).toBe(1200);
  const film = await openClip(join(out, 'film.mp4'), { size: { width: 32, height: 16 }, channels: 3 });
  let shown = 0;
  for await (const { width } of film.frames()) shown += width === 32 ? 1 : 0;
  expect(shown).toBe(50);

  const again = await pxvInProcess(['surprise', example, '--model', model, '--out', out]);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(
    /the folder holds an earlier search; choose another --out, or replace it with --overwrite\n$/,
  );
});

slowTest('what cannot be looked at is said in one line, and leaves nothing', async () => {
  const foreign = join(folder.path, 'foreign');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'diary.txt'), '');
  const cases: [string[], RegExp][] = [
    [[example, '--out', foreign, '--overwrite'], /received one with diary\.txt; choose another --out$/],
    [[example, '--out', 'examples'], /would replace the input examples\/asl_yes\.mkv|received one with/],
    [['none.mp4', '--out', join(folder.path, 'none')], /received no such file; check the path$/],
    [[example, '--model', 'cifar', '--out', join(folder.path, 'none')], /find anomalies: .*a model of video/],
    [
      [example, '--size', '9000x9000', '--out', join(folder.path, 'none')],
      /memory: expected at most the .* give a smaller size/,
    ],
    [['-', '--csv', '--threshold', '3'], /--csv: expected .* leave out one of both/],
    [[example, '--threshold', '0'], /--threshold/],
    [[example, '--raw', '64x64'], /--raw: expected - for standard input, received examples\/asl_yes\.mkv/],
    [[example, '--drop-late'], /--drop-late: expected - for standard input, received examples\/asl_yes\.mkv/],
    [[example, '--learn', '99s', '--out', join(folder.path, 'none')], /two frames or more after the baseline/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await pxvInProcess(['surprise', '--model', model, ...args, '--quiet']);
    expect(code).toBeGreaterThan(0);
    expect(stderr.trim().split('\n').at(-1)).toMatch(message);
  }
  expect(existsSync(join(foreign, 'diary.txt'))).toBe(true);
  for (const name of ['none', 'none.unfinished']) expect(existsSync(join(folder.path, name))).toBe(false);
});
