import { join } from 'node:path';
import { quantizeFrames } from '../../src/foundation/levels.js';
import { saveModel } from '../../src/model/checkpoint.js';
import type { VideoScore } from '../../src/commands/evaluate/score-results.js';
import { openClip, probeClip, writeClip } from '../../src/video/index.js';
import { framedNetworks, randomModel } from '../model/tiny-networks.js';
import { collect, frame, temporaryFolder } from '../video/made-clips.js';
import { linesSaid, pxv } from './pxv.js';
import { jsonOf } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  const [, network] = framedNetworks.find(([name]) => /together, warped-frames of 2/.test(name))!;
  saveModel(at('tiny.safetensors'), randomModel([{ ...network, size: { width: 8, height: 6 }, levels }]));
  for (const [name, width, height] of [
    ['wide', 32, 18],
    ['tall', 9, 16],
    ['alike', 16, 12],
  ] as const) {
    const frames = Array.from({ length: 4 }, (_, t) =>
      frame(width, height, 3, (x, y, c) => 5 * ((x + y + t) % 20) + 9 * c),
    );
    await writeClip(at(name), frames, { frameRate: { numerator: 10, denominator: 1 } });
  }
});

const model = ['--model', 'tiny.safetensors'];
const levels = 32;

async function predict(clip: string, out: string, ...more: string[]): Promise<[number, number]> {
  const args = ['predict', clip, ...model, '--next', '2', '--out', out, '--json'];
  const outcome = await pxv([...args, ...more], here);
  expect(outcome).toMatchObject({ code: 0 });
  const { width, height, frames } = jsonOf(outcome) as Record<'width' | 'height' | 'frames', number>;
  expect(frames).toBe(6);
  expect((await probeClip(at(join(out, 'sample-1')))).sourceSize).toEqual({ width, height });
  return [width, height];
}

const framesOf = async (name: string) => {
  const { sourceSize } = await probeClip(at(name));
  const reader = await openClip(at(name), { size: sourceSize, channels: 3 });
  return (await collect(reader.frames())).map(({ data }) => Buffer.from(data));
};

describe('pxv predict', () => {
  test.each([
    ['wide', [], [11, 6]],
    ['tall', [], [6, 11]],
    ['alike', [], [8, 6]],
    ['wide', ['--short-side', '9'], [16, 9]],
    ['wide', ['--size', '13x5'], [13, 5]],
    ['tall', ['--size', '1x1'], [1, 1]],
    ['wide', ['--size', '10x10', '--fit', 'letterbox'], [10, 6]],
    ['tall', ['--size', '10x10', '--fit', 'letterbox'], [6, 10]],
    ['wide', ['--fit', 'letterbox'], [8, 5]],
    ['wide', ['--fit', 'stretch'], [8, 6]],
  ])('of the clip %s, with %j, writes frames of %j pixels', async (clip, options, expected) => {
    expect(await predict(clip, `out-${clip}-${options.join('')}`, ...options)).toEqual(expected);
  });

  test('draws the same frames of a clip of the aspect of the model as at the fixed size of the model', async () => {
    await predict('alike', 'by-aspect');
    await predict('alike', 'by-size', '--size', '8x6');
    expect(await framesOf('by-aspect/sample-1')).toEqual(await framesOf('by-size/sample-1'));
  });

  test('shows all of a clip between the bars of a letterbox, and no bars', async () => {
    await predict('wide', 'boxed', '--size', '10x10', '--fit', 'letterbox');
    const reader = await openClip(at('wide'), { size: { width: 10, height: 6 }, channels: 3, fit: 'stretch' });
    const known = (await collect(quantizeFrames(reader.frames(), levels))).map(({ data }) => Buffer.from(data));
    expect((await framesOf('boxed/sample-1')).slice(0, 4)).toEqual(known);
  });
});

describe('pxv eval-video', () => {
  async function score(...more: string[]): Promise<VideoScore> {
    const args = ['eval-video', 'wide', 'tall', ...model, '--horizon', '1', '--samples', '1', '--json', ...more];
    const outcome = await pxv(args, here);
    expect(outcome).toMatchObject({ code: 0 });
    return jsonOf(outcome) as unknown as VideoScore;
  }
  const sizes = ({ clips }: VideoScore) => clips.map(({ name, width, height }) => [name, width, height]);

  test.each([
    [[], [8, 6], [8, 6]],
    [
      ['--size', '7x3'],
      [7, 3],
      [7, 3],
    ],
    [
      ['--short-side', '12'],
      [12, 21],
      [21, 12],
    ],
    [
      ['--size', '10x10', '--fit', 'letterbox'],
      [6, 10],
      [10, 6],
    ],
  ])('with %j scores each pixel of frames of %j and %j pixels, and nothing else', async (options, tall, wide) => {
    const scored = await score(...options);
    expect(sizes(scored)).toEqual([
      ['tall', ...tall],
      ['wide', ...wide],
    ]);
    const subPixels = [tall, wide].map(([width, height]) => 3 * width * height * 3);
    expect(scored.clips.map(({ dimensions }) => dimensions)).toEqual(subPixels);
    expect(scored.dimensions).toBe(subPixels[0] + subPixels[1]);
  });

  test('tells the sizes in its table where they are not that of the model', async () => {
    const args = ['eval-video', 'wide', 'tall', ...model, '--horizon', '0'];
    expect((await pxv(args, here)).stdout).toMatch(/^clip +frames +bits/);
    const { stdout } = await pxv([...args, '--short-side', '7'], here);
    expect(stdout).toMatch(/^clip +size +frames +bits.*\ntall +7x12 +4 .*\nwide +12x7 +4 .*\nall +8 /);
  });
});

describe('pxv check --size', () => {
  test.each(['1x1', '1x5', '7x3', '13x2'])('%s checks the model there, in whole', async (size) => {
    const { code, stdout } = await pxv(['check', ...model, '--size', size], here);
    expect(stdout).toMatch(/every check passed/);
    expect(stdout).toMatch(new RegExp(`^likelihood +${size} +passed`, 'm'));
    expect(code).toBe(0);
  });
});

test.each([
  [2, ['predict', 'wide', '--size', '0x5'], /--size: expected width x height in pixels, received "0x5"; write it as/],
  [
    2,
    ['predict', 'wide', '--size', '9x9', '--short-side', '9'],
    /'--short-side <pixels>' cannot be used with .*--size/,
  ],
  [
    2,
    ['eval-video', 'wide', '--short-side', '9', '--fit', 'crop'],
    /'--short-side <pixels>' cannot be used with .*--fit/,
  ],
  [
    1,
    ['predict', 'wide', '--size', '20000x20000', '--out', 'huge.mp4'],
    /^pxv: predict: memory: .* for one image of 20000x20000; give .*: --size \d+x\d+, or --short-side \d+, at most$/m,
  ],
  [
    1,
    ['eval-video', 'alike', 'wide', '--short-side', '20000'],
    /^pxv: score: memory: .* for one image of 26667x20000; give .*: --size \d+x\d+, or --short-side \d+, at most$/m,
  ],
  [
    2,
    ['check', '--size', '200x100'],
    /--size: expected 32768 sub-pixels at most, received 200x100, which has 60000; give/,
  ],
])('exit code %d, in one line and before any work: pxv %j', async (code, args, line) => {
  const outcome = await pxv([...args, ...model], { ...here, env: { PXV_MEMORY: '2000' } });
  const [said, ...more] = linesSaid(outcome);
  expect(more).toEqual([]);
  expect(said).toMatch(line);
  expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: '' });
});
