import { jest } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { PxvError } from '../../../src/foundation/errors.js';
import { resizeModel } from '../../../src/model/resize-model.js';
import type { Model } from '../../../src/model/model.js';
import { FrameHistory } from '../../../src/conditioning/context/examples.js';
import { FrameSampler } from '../../../src/sampling/frame-sampler.js';
import { MAX_HINDCAST_FRAMES, learnCorrection } from '../../../src/sampling/hindcasts.js';
import { bestGuess, rollOut } from '../../../src/sampling/forecaster.js';
import { predictClip, type PredictClipOptions } from '../../../src/commands/predict/predict-clip.js';
import { openClip } from '../../../src/video/index.js';
import { kernelSets } from '../../backend/implementations.js';
import {
  framedNetworks,
  mixtureTogether,
  otherSizes,
  randomModel,
  sizeName,
  tinyBound,
  tinyChain,
  tinyNetwork,
  tinyNetworks,
  warpedFrames,
} from '../../model/tiny-networks.js';
import { collect, livingFfmpegs, temporaryFolder } from '../../video/made-clips.js';
import { model, pngClip, slope } from '../train/tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

let clip = '';
beforeAll(async () => {
  await tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`);
  clip = await pngClip(folder.path, 'clip', 3);
});

let outputs = 0;
const predict = (changes: Partial<PredictClipOptions> = {}, predictor = model) =>
  predictClip(predictor, clip, {
    out: join(folder.path, `out-${outputs++}`),
    horizon: 2,
    samples: 1,
    from: null,
    settings: { temperature: 1 },
    seed: 1,
    scale: 1,
    fit: 'crop',
    ...changes,
  });

async function refusal(promise: Promise<unknown>): Promise<PxvError> {
  return promise.then(
    () => Promise.reject(new Error('nothing was refused')),
    (error: PxvError) => error,
  );
}

test('progress counts the frames of all samples, row by row, up to their number', async () => {
  const told: number[] = [];
  await predict({
    samples: 2,
    onProgress: (done, total) => {
      expect(total).toBe(4);
      told.push(done);
    },
  });
  // Two steps of seven rows at least; an engine that draws one sample after the other tells more.
  expect(told.length).toBeGreaterThanOrEqual(2 * 7);
  expect(told.at(-1)).toBe(4);
  told.slice(1).forEach((done, index) => expect(done).toBeGreaterThan(told[index]));
});

test('the bits of what was drawn are those of the frames, whatever the number of samples', async () => {
  for (const samples of [1, 2]) {
    const predicted = await predict({ samples });
    expect(predicted).toMatchObject({ frames: 5, known: 3, predicted: 2 });
    const history = new FrameHistory(model.chain.exampleShape);
    for (const { data } of slope(3)) history.push(data);
    const sampler = new FrameSampler(model);
    const numbers = Array.from({ length: samples }, (_, sample) => sample);
    const settings = { temperature: 1 };
    const future = rollOut(sampler, history, { seed: 1, samples: numbers, frame: 3, settings });
    const drawn = [await future.next(), await future.next()].flatMap(({ value }) => value);
    sampler.dispose();
    const nats = drawn.reduce((sum, frame) => sum + frame.nats, 0);
    const subPixels = drawn.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(predicted.bitsPerDim).toBeCloseTo(nats / Math.LN2 / subPixels, 9);
  }
});

test.each(['stopped.mp4', 'stopped', 'stopped.png'])(
  'an aborted prediction to %s leaves no file, no process and no tensor',
  async (name) => {
    const out = join(folder.path, name);
    const before = { files: readdirSync(folder.path), tensors: tf.memory().numTensors };
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('stopped'));
    const onPredicted = jest.fn();
    await expect(predict({ out, signal: controller.signal, onProgress, onPredicted })).rejects.toThrow('stopped');
    expect(existsSync(out)).toBe(false);
    expect(onPredicted).not.toHaveBeenCalled();
    expect({ files: readdirSync(folder.path), tensors: tf.memory().numTensors }).toEqual(before);
    expect(livingFfmpegs()).toEqual([]);
  },
);

test.each(['finished.mp4', 'finished', 'finished.png'])(
  'a prediction to %s that is aborted later keeps the frames that are finished',
  async (name) => {
    const out = join(folder.path, name);
    const controller = new AbortController();
    const onProgress = (done: number) => done > 1 && controller.abort(new Error('stopped'));
    const onPredicted = jest.fn();
    const { signal } = controller;
    expect(await predict({ out, signal, keepFinished: true, onProgress, onPredicted })).toMatchObject({
      frames: 4,
      known: 3,
      predicted: 1,
    });
    expect(onPredicted).toHaveBeenCalledTimes(1);
    expect(existsSync(out)).toBe(true);
    expect(livingFfmpegs()).toEqual([]);
  },
);

test.each(['replaced.mp4', 'replaced'])(
  'a prediction that would replace %s and is aborted leaves what is there',
  async (name) => {
    const out = join(folder.path, name);
    await predict({ out, horizon: 3 });
    const file = name === 'replaced' ? join(out, 'sample-1', '00000.png') : out;
    const before = readFileSync(file);
    const files = readdirSync(folder.path);
    const controller = new AbortController();
    const onProgress = (done: number) => done > 1 && controller.abort(new Error('stopped'));
    const onPredicted = jest.fn();
    const { signal } = controller;
    const again = predict({ out, overwrite: true, signal, keepFinished: true, onProgress, onPredicted });
    await expect(again).rejects.toThrow('stopped');
    expect(onPredicted).not.toHaveBeenCalled();
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(folder.path)).toEqual(files);
    if (name === 'replaced') expect(readdirSync(join(out, 'sample-1'))).toHaveLength(6);
  },
);

test('an output that cannot be written is refused before anything is drawn', async () => {
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  const onProgress = () => {
    throw new Error('drawn');
  };
  expect(await refusal(predict({ out: join(file, 'x.mp4'), onProgress }))).toMatchObject({ code: 'OUTPUT' });
});

test('the clip is never replaced, and another output only where that is asked for', async () => {
  await expect(predict({ out: join(clip, '.'), overwrite: true })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(predict({ out: join(clip, '00002.png'), overwrite: true })).rejects.toMatchObject({ code: 'USAGE' });
  expect(readdirSync(clip)).toHaveLength(3);
  const out = join(folder.path, 'twice');
  await predict({ out, horizon: 3 });
  expect(await refusal(predict({ out }))).toMatchObject({ code: 'OUTPUT' });
  expect(readdirSync(join(out, 'sample-1'))).toHaveLength(6);
  await predict({ out, overwrite: true });
  expect(readdirSync(join(out, 'sample-1'))).toHaveLength(5);
});

test('a temperature that is no number is refused', async () => {
  const error = await refusal(predict({ settings: { temperature: NaN } }));
  expect(error.code).toBe('USAGE');
  expect(error.message).toMatch(/temperature: expected 0, or a number from 0.0001 to 10000, received NaN;/);
});

test('the bits of what was drawn are a bound where shared pixels are drawn twice', async () => {
  expect((await predict({}, randomModel(tinyBound()))).exact).toBe(false);
  expect((await predict({}, randomModel(tinyChain()))).exact).toBe(true);
});

test('a model of images predicts nothing: it would draw noise as if no frame came before', async () => {
  const out = join(folder.path, 'noise');
  const ofImages = randomModel([tinyNetwork({ conditioning: [] })]);
  expect(await refusal(predict({ out }, ofImages))).toMatchObject({
    code: 'USAGE',
    message:
      'predict: random: expected a model of video, received a model of images, without context frames; ' +
      'give another --model',
  });
  expect(existsSync(out)).toBe(false);
});

test("a clip's own last frames, held out, are predicted as from the first of them on", async () => {
  const held = join(folder.path, 'held-out.png');
  const told = join(folder.path, 'told.png');
  expect(await predict({ out: held, holdOut: 2 })).toMatchObject({ known: 1, predicted: 2 });
  await predict({ out: told, from: 1, horizon: 2 });
  expect(readFileSync(held)).toEqual(readFileSync(told));
  expect((await refusal(predict({ holdOut: 3 }))).message).toMatch(
    /expected more than the 3 frames that are held out, received no more; hold out fewer$/,
  );
});

test('a first frame to predict that is past the end of the clip is refused, and one just after it is not', async () => {
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  await predict({ from: 2, horizon: 1, onWarning });
  expect(warnings).toEqual([]);
  expect(await predict({ from: 3, onWarning })).toMatchObject({ known: 3, predicted: 2, frames: 5 });
  expect(warnings).toEqual([expect.stringMatching(/^the clip ends before frame 3, .* no truth to show/)]);
  const error = await refusal(predict({ from: 4 }));
  expect(error).toMatchObject({
    code: 'INPUT',
    message:
      `predict: ${clip}: expected at least 4 frames before --from, received 3 frames; give an earlier --from or ` +
      'a longer clip',
  });
});

test('one frame is enough to go on from', async () => {
  const path = await pngClip(folder.path, 'single', 1);
  const out = join(folder.path, 'from-single');
  const result = await predictClip(model, path, {
    out,
    horizon: 3,
    samples: 1,
    from: null,
    settings: { temperature: 1 },
    seed: 1,
    scale: 1,
    fit: 'crop',
  });
  expect(result).toMatchObject({ known: 1, predicted: 3, frames: 4 });
  expect(readdirSync(join(out, 'sample-1'))).toHaveLength(4);
});

describe.each([...otherSizes, { width: 13, height: 9 }].map((size) => ({ name: sizeName(size), size })))(
  'a prediction at $name',
  ({ name, size }) => {
    const predictors: [string, Model][] = [
      ...[...tinyNetworks, ...framedNetworks]
        .filter(([, { conditioning }]) => conditioning.length === 1 && conditioning[0].type !== 'low-resolution-image')
        .filter(([of]) => /lstm|given two frames$|move$|together/.test(of))
        .map(([of, network]): [string, Model] => [of, randomModel([network])]),
      ['a chain', randomModel(tinyChain())],
    ];
    const settings = { temperature: 1 };
    test.each(predictors)(
      'is the roll-out of the model there, over the clip brought to it: %s',
      async (of, predictor) => {
        const out = join(folder.path, `at-${name}-${of.replaceAll(' ', '-')}`);
        const result = await predict({ out, size, fit: 'stretch', settings }, predictor);
        expect(result).toMatchObject({ known: 3, predicted: 2, size });
        const there = resizeModel(predictor, size);
        const { channels } = there.chain.exampleShape;
        const reader = await openClip(clip, { size, channels, fit: 'stretch' });
        const history = new FrameHistory(there.chain.exampleShape);
        for (const { data } of await collect(reader.frames())) history.push(data);
        const sampler = new FrameSampler(there);
        const future = rollOut(sampler, history, {
          seed: 1,
          samples: [0],
          frame: 3,
          settings,
        });
        const drawn = [await future.next(), await future.next()].flatMap(({ value }) => value);
        sampler.dispose();
        const written = await openClip(join(out, 'sample-1'), { size, channels });
        const frames = (await collect(written.frames())).slice(3).map(({ data }) => Buffer.from(data));
        expect(frames).toEqual(drawn.map(({ bytes }) => Buffer.from(bytes)));
      },
    );
  },
);

test.each<[string, Partial<PredictClipOptions>, number, number]>([
  ['as many as are predicted, and two seconds at least', {}, 50, 52],
  ['so many as are asked for', { knownFrames: 3 }, 3, 5],
  ['none', { knownFrames: 0 }, 0, 2],
  ['all', { knownFrames: 'all' }, 70, 72],
  ['those before the first predicted one', { knownFrames: 4, from: 40 }, 4, 6],
])('of a long clip known frames are shown: %s', async (_, options, shown, frames) => {
  // Twenty-five frames per second.
  const long = await pngClip(folder.path, 'long', 70);
  const out = join(folder.path, `shown-${shown}-${frames}`);
  const drawn = { out, horizon: 2, scale: 1, settings: { temperature: 1 } };
  const result = await predictClip(model, long, { ...drawn, ...options });
  const known = options.from ?? 70;
  expect(result).toMatchObject({ known, frames });
  const pictures = (path: string) =>
    readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));
  expect(pictures(out)).toHaveLength(options.from === undefined ? frames : 2 * frames);
  // What is shown, and what is predicted, is the same where all frames are read.
  const all = join(folder.path, `all-${shown}-${frames}`);
  await predictClip(model, long, { ...drawn, ...options, out: all, knownFrames: 'all' });
  for (const name of pictures(out))
    expect(readFileSync(join(out, name)).equals(readFileSync(join(all, name)))).toBe(true);
});

test('known frames have the levels of the model, as what is predicted has', async () => {
  const few = randomModel([tinyNetwork({ levels: 4 })]);
  const out = join(folder.path, 'levels');
  await predict({ out, from: 2, horizon: 1 }, few);
  const seen = new Set<number>();
  for (const panel of readdirSync(out)) {
    const reader = await openClip(join(out, panel), { size: few.chain.exampleShape.size, fit: 'crop', channels: 3 });
    for (const { data } of await collect(reader.frames())) data.forEach((byte) => seen.add(byte));
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 85, 170, 255]);
});

describe('with hindcasts of the known frames', () => {
  const warped = randomModel([tinyNetwork({ head: mixtureTogether, conditioning: [warpedFrames] })]);
  const adapted = (path: string, changes: Partial<PredictClipOptions>, adapting = true, predictor = warped) =>
    predictClip(predictor, path, {
      ...{ out: join(folder.path, `out-${outputs++}`), horizon: 2, fit: 'crop', scale: 1, adapt: adapting },
      ...changes,
    });
  const panelOf = async (out: string, panel: string) => {
    const { size } = warped.chain.exampleShape;
    const reader = await openClip(join(out, panel), { size, fit: 'crop', channels: 3 });
    return (await collect(reader.frames())).map(({ data }) => Buffer.from(data));
  };

  test('the best guess is the corrected one, and nothing after the first predicted frame is looked at', async () => {
    const long = await pngClip(folder.path, 'long', 24);
    const all = join(folder.path, 'all');
    const told = [] as number[][];
    const onHindcast = (...progress: number[]) => told.push(progress);
    await adapted(long, { out: all, forecast: 'best-guess', from: 21, onHindcast });
    expect(told).toEqual([[4, 4]]);

    const frames = slope(24).map(({ data }) => data);
    const history = new FrameHistory(warped.chain.exampleShape, MAX_HINDCAST_FRAMES);
    for (const data of frames.slice(0, 21)) history.push(data);
    const sampler = new FrameSampler(warped);
    const correction = await learnCorrection(sampler, history);
    const guess = bestGuess(sampler, history, { correction });
    const expected = [await guess.next(), await guess.next()].map(({ value }) => Buffer.from(value));
    sampler.dispose();
    expect((await panelOf(all, 'best-guess')).slice(21)).toEqual(expected);

    const plain = join(folder.path, 'plain');
    await adapted(long, { out: plain, forecast: 'best-guess', from: 21 }, false);
    expect((await panelOf(plain, 'best-guess')).slice(21)).not.toEqual(expected);
  });

  test('a clip too short to learn from is predicted as without', async () => {
    const [one, other] = ['adapted', 'not'].map((name) => join(folder.path, `short-${name}`));
    const warnings: string[] = [];
    await adapted(clip, { out: one, seed: 3, onWarning: (text) => warnings.push(text) });
    expect(warnings).toEqual(['3 frames are too few to adapt to: predicted as without --adapt; 13 or more are needed']);
    await adapted(clip, { out: other, seed: 3 }, false);
    expect(await panelOf(one, 'sample-1')).toEqual(await panelOf(other, 'sample-1'));
  });

  test('futures with a carry of one are refused: nothing of their frames would be corrected', async () => {
    const carriedOn = { ...warped, drawing: { temperature: 1, warming: 0, carry: 1 } };
    const error = await refusal(adapted(clip, {}, true, carriedOn));
    expect(error).toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/carry below 1.*without --adapt/) as string,
    });
    const guessed = adapted(clip, { forecast: 'best-guess' }, true, carriedOn);
    await expect(guessed).resolves.toMatchObject({ predicted: 2 });
  });

  test.each([
    ['learns no expected frame', model, 'one that learns none'],
    ['has two scales', randomModel(tinyChain({ conditioning: [warpedFrames] })), 'one of 2 scales'],
  ])('a model that %s is refused', async (_, other, received) => {
    const error = await refusal(predict({ adapt: true }, other));
    expect(error.code).toBe('USAGE');
    expect(error.message).toMatch(
      new RegExp(`^learn from hindcasts: .*: expected a model of one scale that .*, received ${received};`),
    );
  });
});

test('what is doubtful of the known frames is told where the clip goes on after them, too', async () => {
  const gap = await pngClip(folder.path, 'gap', 12);
  rmSync(join(gap, readdirSync(gap)[1]));
  const told: string[] = [];
  await predictClip(model, gap, {
    out: join(folder.path, 'gap.png'),
    from: 3,
    horizon: 1,
    onWarning: (text) => told.push(text),
  });
  expect(told).toEqual([expect.stringMatching(/gap in the numbers/)]);
});
