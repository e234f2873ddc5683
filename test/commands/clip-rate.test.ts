import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { parseFrameRate } from '../../src/foundation/frame-rate.js';
import { loadModel, saveModel } from '../../src/model/checkpoint.js';
import type { Model } from '../../src/model/model.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { playingWarning, type RequestedRate } from '../../src/commands/clip-rate.js';
import type { ClipDataInfo, TrainModelHooks } from '../../src/commands/train/options.js';
import { predictClip } from '../../src/commands/predict/predict-clip.js';
import { scoreClips } from '../../src/commands/evaluate/score-clips.js';
import { trainModel } from '../../src/commands/train/train-model.js';
import { runSchema } from '../../src/training/configuration.js';
import { probeClip } from '../../src/video/index.js';
import '../backend/implementations.js';
import { ffmpeg, lossless, temporaryFolder } from '../video/made-clips.js';
import { filmClip, model, pngClip } from './train/tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const rate = (text: string) => parseFrameRate(text)!;
const at5: Model = { ...model, frameRate: rate('5') };

let film = '';
let images = '';
beforeAll(async () => {
  await tf.setBackend('native-wasm');
  film = filmClip(folder.path, 'film.mkv', 8);
  images = await pngClip(folder.path, 'images', 4);
});

test('a GIF faster than players show it is warned about, and nothing else is', () => {
  expect(playingWarning('gif', rate('50'))).toBeNull();
  expect(playingWarning('mp4', rate('60'))).toBeNull();
  expect(playingWarning('gif', rate('60'))).toMatch(/^a GIF of 60 frames per second plays too slowly.*--slow 2\)$/);
  expect(playingWarning('gif', rate('120'))).toMatch(/--slow 3\)$/);
});

describe('predict', () => {
  let outputs = 0;
  async function predict(frameRate: RequestedRate | undefined, predictor = at5, clip = film) {
    const warnings: string[] = [];
    const out = join(folder.path, `out-${outputs++}.mp4`);
    const { known, frameRate: used } = await predictClip(predictor, clip, {
      out,
      horizon: 1,
      samples: 1,
      from: null,
      settings: { temperature: 1 },
      seed: 1,
      scale: 2,
      fit: 'crop',
      frameRate,
      onWarning: (text) => warnings.push(text),
    });
    return { known, used, written: (await probeClip(out)).frameRate, warnings };
  }

  test('leaves a clip at its own rate, and warns where the model learned at another', async () => {
    const own = rate('10');
    const warning = 'read at 10 frames per second, and random learned at 5: --fps model brings the clip to 5';
    expect(await predict(undefined)).toEqual({ known: 8, used: own, written: own, warnings: [warning] });
    expect((await predict(undefined, { ...model, frameRate: rate('9.9') })).warnings).toEqual([]);
    expect((await predict(undefined, model)).warnings).toEqual([]);
  });

  test("brings a clip to the model's rate or another, at which the output plays", async () => {
    expect(await predict('model')).toEqual({ known: 4, used: rate('5'), written: rate('5'), warnings: [] });
    const { warnings, ...slow } = await predict(rate('2.5'));
    expect(slow).toEqual({ known: 2, used: rate('2.5'), written: rate('2.5') });
    expect(warnings).toEqual([expect.stringMatching(/^read at 2.5 frames per second, and random learned at 5:/)]);
  });

  test('takes a folder of images as it is: it has no rate', async () => {
    expect(await predict(undefined, at5, images)).toMatchObject({ known: 4, used: rate('25'), warnings: [] });
    const warning = 'no frame rate of its own, so its pictures are taken as they are';
    expect(await predict('model', at5, images)).toMatchObject({ known: 4, used: rate('5'), warnings: [warning] });
  });

  test('has no rate of a model that was trained at none', async () => {
    await expect(predict('model', model)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(
        /^predict: --fps model: expected a model that was trained with --fps, received random/,
      ) as string,
    });
  });
});

describe('scoring', () => {
  async function score(frameRate: RequestedRate | undefined) {
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    const options = { fit: 'crop', horizon: 1, starts: 1, samples: 1, seed: 1, frameRate, onWarning } as const;
    const { clips } = await scoreClips(at5, [film], options);
    return { frames: clips.map(({ frames }) => frames), rates: clips.map((clip) => clip.frameRate), warnings };
  }

  test('leaves clips at their own rates, says at which, and warns where the model learned at another', async () => {
    const warning = 'film.mkv: read at 10 frames per second, and random learned at 5: --fps model brings the clip to 5';
    expect(await score(undefined)).toEqual({ frames: [8], rates: [10], warnings: [warning] });
  });

  test('brings clips to a rate that is asked for', async () => {
    expect(await score('model')).toEqual({ frames: [4], rates: [5], warnings: [] });
  });
});

describe('training', () => {
  let runs = 0;
  async function train(frames: string[], frameRate: string | null, from: string | null = null) {
    const out = join(folder.path, `run-${runs++}`);
    const warnings: string[] = [];
    // These clips have the same frames at other rates, which is told as well.
    const hooks: TrainModelHooks = {
      onWarning: (text) => !/a copy of it is learned/.test(text) && warnings.push(text),
    };
    const configuration = runSchema.parse({
      model: model.description,
      training: { steps: 1, batch: 1, from },
      data: { type: 'clips', frames, frameRate },
    });
    const { facts } = await trainModel(out, configuration, hooks);
    return { out, warnings, frames: (facts.data as ClipDataInfo).frames };
  }

  test('brings clips to a rate, which the model, the state and the configuration keep', async () => {
    const { out, frames, warnings } = await train([film], '5');
    expect([frames, warnings]).toEqual([4, []]);
    expect(loadModel(out).frameRate).toEqual(rate('5'));
    expect(readSafetensors(join(out, 'training.safetensors')).metadata).toMatchObject({ frameRate: '5' });
    expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({ data: { frameRate: '5' } });
  });

  test('without a rate takes clips as they are, and keeps none', async () => {
    const { out, frames, warnings } = await train([film], null);
    expect([frames, warnings]).toEqual([8, []]);
    expect(loadModel(out).frameRate).toBeNull();
    expect(readSafetensors(join(out, 'model.safetensors')).metadata).not.toHaveProperty('frameRate');
  });

  test('takes folders of images as they are, and says so of all of them in one line', async () => {
    const others = [];
    for (const name of ['a', 'b', 'c']) others.push(await pngClip(folder.path, name, 2));
    const { frames, warnings } = await train([film, images, ...others], '5');
    expect(frames).toBeLessThanOrEqual(4 + 4 + 3 * 2);
    expect(warnings).toEqual(['a, b, c and 1 more: no frame rate of its own, so its pictures are taken as they are']);
  });

  test('from a model with a rate warns where it would be lost', async () => {
    const from = join(folder.path, 'at5.safetensors');
    saveModel(from, at5);
    const learned = `${from} learned at 5 frames per second`;
    const warning = `clips are taken at rates of their own, and ${learned}: --fps 5 keeps to it`;
    expect((await train([film], null, from)).warnings).toEqual([warning]);
    expect((await train([film], '5', from)).warnings).toEqual([]);
  });

  test('at rates of their own warns of clips that are far from most, folders of images left aside', async () => {
    const fast = join(folder.path, 'fast.mkv');
    ffmpeg(['-i', film, '-vf', 'setpts=PTS/4', '-r', '40', ...lossless, fast]);
    // Of one frame, which is left out.
    const singles = join(folder.path, 'singles');
    mkdirSync(singles);
    ffmpeg(['-i', film, '-vf', 'setpts=PTS/4', '-frames:v', '1', '-r', '60', ...lossless, join(singles, 'single.mkv')]);
    const { warnings } = await train([singles, film, filmClip(folder.path, 'other.mkv', 4), fast, images], null);
    expect(warnings).toEqual([
      expect.stringMatching(/single\.mkv: skipped/),
      'fast.mkv (40): far from 10 frames per second, the median of the clips; --fps F brings all to one rate',
    ]);
  });
});
