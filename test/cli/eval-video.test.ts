import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VideoScore } from '../../src/commands/evaluate/score-results.js';
import { saveModel } from '../../src/model/checkpoint.js';
import { writeClip } from '../../src/video/index.js';
import { framedNetworks, randomModel } from '../model/tiny-networks.js';
import { frame, temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import type { Outcome } from './pxv.js';
import { jsonOf, makeClips, trainTinyRun } from './tiny-run.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (...parts: string[]) => join(folder.path, ...parts);

let trained: Outcome;
beforeAll(async () => {
  await makeClips(folder.path, 3);
  trained = await trainTinyRun(folder.path, pxvInProcess);
}, 120_000);

describe('pxv eval-video', () => {
  slowTest('scores each clip and all together, and gives the baselines and the predicted frames beside', async () => {
    const asked = ['--horizon', '1', '--starts', '2', '--samples', '2', '--codecs'];
    const outcome = await pxvInProcess(['eval-video', 'clips', '--model', 'run', ...asked, '--json'], here);
    expect(outcome.code).toBe(0);
    const json = jsonOf(outcome);
    // Every frame but the first of three clips of six.
    expect(json).toMatchObject({ model: 'run', seed: '1', context: 4, frames: 18, dimensions: 3 * 5 * 16 * 12 * 3 });
    expect(json).toMatchObject({ temperature: 1.02, warming: 0.045, carry: 0.25 });
    const { bitsPerDim, standardError, baselines, forecasts, clips } = json as unknown as VideoScore;
    expect(baselines.uniform).toBe(8);
    expect(baselines['previous-frame']).toBeGreaterThan(0);
    expect(baselines['lossless-codec']).toBeGreaterThan(0);
    expect(clips.map(({ name, frames }) => [name, frames])).toEqual([0, 1, 2].map((clip) => [`clip-${clip}`, 6]));
    expect(bitsPerDim).toBeCloseTo(clips.reduce((sum, clip) => sum + clip.bitsPerDim, 0) / 3, 9);
    expect(standardError).toBeGreaterThan(0);
    expect(json).toMatchObject({ horizon: 1, samples: 2, forecasts: { clips: 3, starts: 6 } });
    for (const name of ['last-frame', 'moved-last-frame', 'sample', 'mean', 'best', 'worst'] as const) {
      const { psnr, ssim, gain, wins, changeRatio } = forecasts!.kinds[name]!;
      const lists = [psnr, ssim, gain.mean, gain.standardError, wins, changeRatio];
      expect(lists.map((list) => list?.length)).toEqual([1, 1, 1, 1, 1, 1]);
    }
    expect(clips[0].forecasts?.starts).toEqual([4, 5]);
  });

  test('scores the clip that validated as the training did', async () => {
    const name = /validation: (clip-\d)/.exec(trained.stderr)![1];
    const outcome = await pxvInProcess(
      ['eval-video', `clips/${name}`, '--model', 'run', '--horizon', '0', '--json'],
      here,
    );
    expect(jsonOf(outcome).bitsPerDim).toBeCloseTo(jsonOf(trained).bitsPerDim as number, 5);
    // One clip tells nothing of the spread.
    expect(jsonOf(outcome)).toMatchObject({ standardError: null, forecasts: null, codecs: null });
  });

  slowTest('with --adapt learns from what is scored, and says so', async () => {
    const asked = ['eval-video', 'clips/clip-1', '--model', 'run', '--horizon', '0'];
    const kept = await pxvInProcess([...asked, '--json'], here);
    const adapted = await pxvInProcess([...asked, '--adapt', '--json'], here);
    expect([jsonOf(kept).adapted, jsonOf(adapted).adapted]).toEqual([false, true]);
    expect(jsonOf(adapted).bitsPerDim).toBeLessThan(jsonOf(kept).bitsPerDim as number);
    const { stdout } = await pxvInProcess([...asked, '--adapt'], here);
    expect(stdout).toMatch(/given the true ones before it, which the model has learned from$/m);
  });

  test('goes on without a clip that cannot be read, with one warning, and lists it', async () => {
    cpSync(at('clips', 'clip-1'), at('partly', 'clip-1'), { recursive: true });
    writeFileSync(at('partly', 'bad.mp4'), 'no film');
    const outcome = await pxvInProcess(['eval-video', 'partly', '--model', 'run', '--horizon', '0', '--json'], here);
    expect(outcome.stderr).toMatch(/^pxv: warning: bad\.mp4: skipped: read video: .*bad\.mp4: expected a video .*$/m);
    const { skipped, unprocessed, clips } = jsonOf(outcome) as Record<'skipped' | 'clips', { name: string }[]> &
      Record<string, unknown>;
    const names = (list: { name: string }[]) => list.map(({ name }) => name);
    expect([outcome.code, names(clips), names(skipped), unprocessed]).toEqual([0, ['clip-1'], ['bad.mp4'], 0]);
    const named = ['eval-video', 'partly/bad.mp4', 'partly/clip-1', '--model', 'run', '--horizon', '0', '--json'];
    const again = await pxvInProcess(named, here);
    expect([again.code, jsonOf(again).clips]).toEqual([1, clips]);
  });

  test('prints tables without --json', async () => {
    const { stdout } = await pxvInProcess(['eval-video', 'clips/clip-1', '--model', 'run', '--horizon', '1'], here);
    expect(stdout).toMatch(/^clip +frames +bits\/dim/);
    expect(stdout).toMatch(/^clip-1 +6 +\d\.\d{3}/m);
    expect(stdout).toMatch(/^baselines: uniform 8\.00, previous frame /m);
    // Of one clip there is no standard error.
    expect(stdout).toMatch(
      /^frames ahead +last frame +last frame moved +best guess +one sample +mean of 4 +best of 4$/m,
    );
    expect(stdout).toMatch(/^ +1 +\d+\.\d\d( +[+-]\d+\.\d\d \([01]\)){5}$/m);
  });

  test('of a clip in which nothing moves has dashes where nothing can be compared', async () => {
    const [, network] = framedNetworks.find(([name]) => /of 2 with block matching/.test(name))!;
    saveModel(at('tiny.safetensors'), randomModel([network]));
    const still = Array.from({ length: 6 }, () => frame(5, 4, 3, (x, y, c) => 20 * x + 10 * y + c));
    await writeClip(at('still'), still, { frameRate: { numerator: 10, denominator: 1 } });
    const args = [
      'eval-video',
      'still',
      '--model',
      'tiny.safetensors',
      '--samples',
      '1',
      '--starts',
      '1',
      '--horizon',
      '2',
    ];
    const { code, stdout } = await pxvInProcess(args, here);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ *1 +0\.00( +-)+$/m) as string });
    expect(stdout).toMatch(/^still .* -$/m);
    expect(stdout).not.toMatch(/NaN|Infinity/);
  });
});
