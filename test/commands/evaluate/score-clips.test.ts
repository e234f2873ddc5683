import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { resizeModel } from '../../../src/model/resize-model.js';
import { estimateDynamicEvaluationMemory, estimateScoringMemory } from '../../../src/memory/estimate-memory.js';
import type { ScoringProgress } from '../../../src/commands/evaluate/options.js';
import { scoreClips, type ScoreClipsOptions } from '../../../src/commands/evaluate/score-clips.js';
import { kernelSets } from '../../backend/implementations.js';
import { findFfmpeg, writeClip } from '../../../src/video/index.js';
import { frame, temporaryFolder } from '../../video/made-clips.js';
import {
  mixtureTogether,
  randomModel,
  tinyBound,
  tinyChain,
  tinyNetwork,
  warpedFrames,
} from '../../model/tiny-networks.js';
import { filmClip, model, pngClip, slope } from '../train/tiny-clips.js';
import { slowTest } from '../../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);

let long = '';
let short = '';
let single = '';
beforeAll(async () => {
  await tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`);
  long = await pngClip(folder.path, 'long', 7);
  short = await pngClip(folder.path, 'short', 2);
  single = await pngClip(folder.path, 'single', 1);
});

const dimensions = 5 * 7 * 3;

const score = (paths: string[], changes: Partial<ScoreClipsOptions> = {}) =>
  scoreClips(model, paths, { fit: 'crop', horizon: 2, seed: 1, ...changes });

test('all bits over all dimensions: a long clip counts for more than a short one', async () => {
  const together = await score([long, short]);
  const alone = await score([long]);
  const other = await score([short]);
  expect(together.dimensions).toBe(7 * dimensions);
  expect(together.frames).toBe(9);
  expect(together.bitsPerDim).toBeCloseTo((6 * alone.bitsPerDim + other.bitsPerDim) / 7, 9);
  expect(together.clips.map(({ name }) => name)).toEqual(['long', 'short']);
});

test('a film is opened once: to predict from it, it is only read once more', async () => {
  const film = filmClip(folder.path, 'opened-once.mkv', 7);
  const [program, log] = ['ffmpeg-that-counts', 'runs'].map((name) => join(folder.path, name));
  const { path } = await findFfmpeg();
  writeFileSync(program, `#!/bin/sh\necho "$*" >> '${log}'\nexec '${path}' "$@"\n`);
  chmodSync(program, 0o755);
  const { PXV_FFMPEG } = process.env;
  process.env.PXV_FFMPEG = program;
  const runs = async (horizon: number) => {
    writeFileSync(log, '');
    await score([film], { horizon, adapt: true });
    return readFileSync(log, 'utf8').split('opened-once').length;
  };
  expect((await runs(2)) - (await runs(0))).toBe(1);
  if (PXV_FFMPEG === undefined) delete process.env.PXV_FFMPEG;
  else process.env.PXV_FFMPEG = PXV_FFMPEG;
});

describe('weights that learn from the clip', () => {
  test('begin again with each clip, and need fewer bits from the second scored frame on', async () => {
    const kept = await score([long, short]);
    const adapted = await score([long, short], { adapt: true });
    expect([kept.adapted, adapted.adapted]).toEqual([false, true]);
    expect(adapted.clips[0].bitsPerDim).toBeLessThan(kept.clips[0].bitsPerDim);
    expect(adapted.clips[1].bitsPerDim).toBeCloseTo(kept.clips[1].bitsPerDim, 12);
    expect((await score([long], { adapt: true })).clips[0]).toEqual(adapted.clips[0]);
  });

  test('leave forecasts as they are if too little is known for hindcasts, and the expected next frame', async () => {
    const kept = await score([long]);
    const adapted = await score([long], { adapt: true });
    expect(adapted.forecasts).toEqual(kept.forecasts);
    expect(adapted.clips[0].oneStep).toEqual(kept.clips[0].oneStep);
  });

  slowTest('stand beside hindcasts of what is known before each start, where there is enough', async () => {
    const path = await pngClip(folder.path, 'longer', 30);
    const warped = randomModel([tinyNetwork({ head: mixtureTogether, conditioning: [warpedFrames] })]);
    const told: ScoringProgress[] = [];
    const asked = { fit: 'crop', horizon: 2, starts: 2, samples: 2 } as const;
    const kept = await scoreClips(warped, [path], asked);
    const onProgress = (progress: ScoringProgress) => told.push(progress);
    const adapted = await scoreClips(warped, [path], { ...asked, adapt: true, onProgress });
    // Places before frames 8 and 22: too few, and from 5 on every fourth as far as 18.
    expect(adapted.clips[0].forecasts!.starts).toEqual([8, 22]);
    expect(told.filter(({ what }) => what === 'hindcast').map(({ frames }) => frames)).toEqual([4]);
    for (const name of ['best-guess', 'sample', 'mean'] as const) {
      const [before, now] = [kept, adapted].map(({ forecasts }) => forecasts!.kinds[name]!.psnr);
      expect(now).not.toEqual(before);
    }
    expect(adapted.forecasts!.kinds['last-frame']).toEqual(kept.forecasts!.kinds['last-frame']);
  });

  test('are refused where there is no memory for what they learn with', async () => {
    const options = { horizon: 0, size: { width: 200, height: 200 } } as const;
    const { chain } = resizeModel(model, options.size);
    const between = (estimateScoringMemory(chain, 1) + estimateDynamicEvaluationMemory(chain)) / 2;
    process.env.PXV_MEMORY = String(Math.round(between / 2 ** 20));
    try {
      await expect(score([long], options)).resolves.toMatchObject({ adapted: false });
      await expect(score([long], { ...options, adapt: true })).rejects.toThrow(
        /^score: memory: expected at most the .* for one image of 200x200; give a smaller size: --size \d+x\d+/,
      );
    } finally {
      delete process.env.PXV_MEMORY;
    }
  });
});

test('of a chain whose shared pixels are predicted the bits are a bound, of another model they are exact', async () => {
  const options = { fit: 'crop', horizon: 0, seed: 1 } as const;
  expect((await scoreClips(randomModel(tinyBound()), [long], options)).exact).toBe(false);
  expect((await scoreClips(randomModel(tinyChain()), [long], options)).exact).toBe(true);
  expect((await score([long])).exact).toBe(true);
});

test('a clip of one frame is left out, with a warning', async () => {
  const warnings: string[] = [];
  const result = await score([long, single], { onWarning: (text) => warnings.push(text) });
  expect(result.clips.map(({ name }) => name)).toEqual(['long']);
  expect(warnings).toEqual(['single: skipped: one frame has nothing before it to predict it from']);
});

test('a model of images scores no clips', async () => {
  const ofImages = randomModel([tinyNetwork({ conditioning: [] })]);
  await expect(scoreClips(ofImages, [long], { fit: 'crop', horizon: 0, seed: 1 })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(
      /^score clips: random: expected a model of video, received a model of images/,
    ) as string,
  });
});

test('where no clip has two frames there is nothing to score', async () => {
  await expect(score([single])).rejects.toThrow(
    `score clips: ${single}: expected at least one clip that can be read and has two frames or more, received ` +
      'none; give other clips',
  );
});

describe('clips at their own aspects', () => {
  let mixed = '';
  beforeAll(async () => {
    mixed = join(folder.path, 'aspects');
    for (const [name, width, height] of [
      ['long', 30, 12],
      ['other', 12, 14],
      ['small', 30, 6],
    ] as const) {
      const frames = Array.from({ length: 4 }, (_, t) =>
        frame(width, height, 3, (x, y, c) => 3 * (x + y + c) + 10 * t),
      );
      await writeClip(join(mixed, name), frames, { frameRate: { numerator: 10, denominator: 1 } });
    }
  });
  const sized = { horizon: 1, starts: 1, samples: 1 };

  test('are each scored as the model of that size scores it', async () => {
    const together = await score([mixed], { ...sized, size: { shortSide: 12 } });
    const sizes = [
      { width: 30, height: 12 },
      { width: 12, height: 14 },
      { width: 60, height: 12 },
    ];
    for (const [index, name] of ['long', 'other', 'small'].entries()) {
      const alone = await scoreClips(resizeModel(model, sizes[index]), [join(mixed, name)], { ...sized, seed: 1 });
      expect(together.clips[index]).toMatchObject(sizes[index]);
      expect(together.clips[index]).toEqual(alone.clips[0]);
    }
    expect(together.forecasts!.kinds.sample!.ssim).toHaveLength(1);
  });

  test('in a letterbox are scored without bars, and SSIM is that of clips that are large enough for it', async () => {
    const {
      clips,
      dimensions: all,
      forecasts,
    } = await score([mixed], { ...sized, size: { within: { width: 15, height: 15 } } });
    const sizes = clips.map(({ width, height }) => [width, height]);
    expect(sizes).toEqual([
      [15, 6],
      [13, 15],
      [15, 3],
    ]);
    expect(all).toBe(sizes.reduce((sum, [width, height]) => sum + 3 * 3 * width * height, 0));
    expect(clips.map((clip) => clip.forecasts!.kinds.sample!.ssim === null)).toEqual([true, false, true]);
    expect(forecasts!.kinds.sample!.ssim).toEqual(clips[1].forecasts!.kinds.sample!.ssim);
  });

  test('are refused before any is scored where one is too large for the memory', async () => {
    process.env.PXV_MEMORY = '300';
    try {
      const onProgress = () => expect('nothing').toBe('scored');
      const scoring = score([mixed], { ...sized, size: { shortSide: 400 }, onProgress });
      await expect(scoring).rejects.toThrow(/^score: memory: .* for one image of \d+x\d+; give a smaller size/);
    } finally {
      delete process.env.PXV_MEMORY;
    }
  });
});

describe('of a folder with a file that cannot be read', () => {
  let mixed = '';
  beforeAll(async () => {
    mixed = join(folder.path, 'mixed');
    for (const name of ['a', 'c']) await pngClip(mixed, name, 3);
    mkdirSync(join(mixed, 'b'));
    writeFileSync(join(mixed, 'b', '1.png'), 'no picture');
  });

  test('the others are scored as without it, and it is told of and listed', async () => {
    const warnings: string[] = [];
    const all = await score([mixed], { onWarning: (text) => warnings.push(text) });
    const others = await score(['a', 'c'].map((name) => join(mixed, name)));
    expect(all.skipped.map(({ name }) => name)).toEqual(['b']);
    const tooShort = 'nothing is predicted: no place has 2 frames before and 2 after; ask for a smaller --horizon';
    expect(warnings).toEqual([`a: ${tooShort}`, `b: skipped: ${all.skipped[0].reason}`, `c: ${tooShort}`]);
    expect(all.skipped[0].reason).toMatch(/^read image: .*1\.png: expected a readable image, received [^\n]*$/);
    expect({ ...all, skipped: [] }).toEqual(others);
  });

  test('that file is an error if nothing else is there; beside others it is skipped, though it was named', async () => {
    const bad = join(mixed, 'b');
    await expect(score([bad])).rejects.toMatchObject({ code: 'INPUT', message: /1\.png/ });
    const both = await score([bad, join(mixed, 'a')]);
    expect(both.clips.map(({ name }) => name)).toEqual(['a']);
    expect(both.skipped).toMatchObject([{ name: 'b', isExplicit: true, reason: /1\.png/ }]);
    const alone = join(folder.path, 'alone');
    mkdirSync(join(alone, 'b'), { recursive: true });
    writeFileSync(join(alone, 'b', '1.png'), 'no picture');
    await expect(score([alone])).rejects.toThrow(/score clips: .*alone: expected at least one clip that can be read/);
  });

  test('an abort gives what is finished, and counts what is not', async () => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const onProgress = ({ done }: ScoringProgress) => {
      if (done === 0) controller.abort(new Error('stopped'));
    };
    const { clips, skipped, unprocessed, bitsPerDim } = await score([mixed], {
      signal: controller.signal,
      keepFinished: true,
      onProgress,
    });
    expect([clips.map(({ name }) => name), skipped.length, unprocessed]).toEqual([['a'], 0, 2]);
    expect(bitsPerDim).toBe((await score([join(mixed, 'a')])).bitsPerDim);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('a clip that is shorter than the horizon is scored, but no frame of it is predicted', async () => {
  const warnings: string[] = [];
  const { clips, forecasts } = await score([short], { onWarning: (text) => warnings.push(text) });
  expect(clips[0].forecasts).toBeNull();
  expect(forecasts).toBeNull();
  expect(warnings).toEqual([
    expect.stringMatching(/: nothing is predicted: no place has .* before and 2 after; ask for /),
  ]);
});

test('frames are predicted from places spread over a clip, beside the last frame repeated', async () => {
  const { clips, forecasts, samples } = await score([long, short], { starts: 3, samples: 2 });
  const [{ starts, kinds, trueChange }] = clips.map((clip) => clip.forecasts!);
  expect(starts).toEqual([2, 4, 5]);
  // The slope climbs by 10 levels a frame: the frames ahead differ from the last known one by 10 and by 20 everywhere.
  expect(kinds['last-frame']!.meanSquaredError).toEqual([100, 400]);
  expect(trueChange).toEqual([10, 10]);
  expect(samples).toBe(2);
  expect(forecasts).toMatchObject({ clips: 1, starts: 3, trueChange: [10, 10] });
  expect(forecasts!.kinds['last-frame']!.psnr[0]).toBeCloseTo(20 * Math.log10(255 / 10), 9);
  expect(Object.keys(forecasts!.kinds)).toEqual(['last-frame', 'moved-last-frame', 'sample', 'mean', 'best', 'worst']);
  const alone = await score([long], { starts: 3, samples: 1 });
  // This model's anchor is the frame before.
  expect(alone.anchors).toEqual({ labels: ['last frame'], mean: [0], standardError: [NaN] });
  expect(Object.keys(alone.forecasts!.kinds)).toEqual(['last-frame', 'moved-last-frame', 'sample']);
});

test('for a model of fewer levels the truth and the frames before have these levels too', async () => {
  const coarse = randomModel([tinyNetwork({ levels: 4, conditioning: [{ ...warpedFrames, features: 3 }] })]);
  const { anchors, clips } = await scoreClips(coarse, [long], { horizon: 2, starts: 3, samples: 1 });
  // The second anchor is the frame before.
  expect(anchors.mean[1]).toBeCloseTo(0, 9);
  const { starts, kinds } = clips[0].forecasts!;
  // Four levels are shown by the bytes 0, 85, 170 and 255.
  const shown = slope(7).map(({ data }) => data.map((byte) => 85 * (byte >> 6)));
  const errors = [1, 2].map((ahead) => {
    const squares = starts.flatMap((first) =>
      [...shown[first - 1]].map((byte, i) => (byte - shown[first - 1 + ahead][i]) ** 2),
    );
    return squares.reduce((sum, square) => sum + square, 0) / squares.length;
  });
  expect(errors[1]).toBeGreaterThan(0);
  kinds['last-frame']!.meanSquaredError.forEach((error, h) => expect(error).toBeCloseTo(errors[h], 9));
});

test('lossless codecs compress the same frames, and the best of them for each clip is a baseline', async () => {
  const warnings: string[] = [];
  const { clips, codecs, baselines, fewerBits, bitsPerDim } = await score([long, short], {
    horizon: 0,
    codecs: true,
    onWarning: (text) => warnings.push(text),
  });
  const best = clips.map((clip) => {
    const known = Object.values(clip.codecs!.bitsPerDim).filter((bits) => bits !== null);
    expect(clip.codecs!.best).toBe(Math.min(...known));
    return clip.codecs!.best!;
  });
  expect(baselines['lossless-codec']).toBeCloseTo((6 * best[0] + best[1]) / 7, 9);
  expect(fewerBits['lossless-codec']).toBeCloseTo(1 - bitsPerDim / baselines['lossless-codec']!, 9);
  expect(fewerBits['previous-frame']).toBeCloseTo(1 - bitsPerDim / baselines['previous-frame'], 9);
  // Frames of 5x7 pixels are too small for x265; it is said once.
  expect(codecs).toMatchObject({ x265: null, ffv1: expect.any(Number) as number });
  expect(warnings).toEqual([expect.stringMatching(/^long: no figure of x265: \S/)]);
});

test('without a horizon no frame is predicted, and the scores are the same', async () => {
  const without = await score([long], { horizon: 0 });
  const withOne = await score([long], { horizon: 1 });
  expect([without.forecasts, without.codecs]).toEqual([null, null]);
  expect(without.bitsPerDim).toBe(withOne.bitsPerDim);
});

test('progress goes through the clips, first scoring, then predicting', async () => {
  const told: ScoringProgress[] = [];
  await score([long, short], { onProgress: (progress) => told.push(progress) });
  const steps = told.map(({ name, what }) => `${name}: ${what}`).filter((step, at, all) => step !== all[at - 1]);
  expect(steps).toEqual(['long: score', 'long: predict', 'short: score']);
  expect(told.filter(({ name, what }) => name === 'long' && what === 'score').at(-1)!.frames).toBe(7);
  expect(told[0]).toMatchObject({ done: 0, clips: 2 });
  expect(told.at(-1)).toMatchObject({ name: 'short', done: 2, clips: 2 });
});

test('an abort ends the work and leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const onProgress = ({ what }: ScoringProgress) => {
    if (what === 'predict') controller.abort(new Error('stopped'));
  };
  await expect(score([long], { signal: controller.signal, onProgress })).rejects.toThrow('stopped');
  expect(tf.memory().numTensors).toBe(before);
});
