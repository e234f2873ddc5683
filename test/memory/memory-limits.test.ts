import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { PxvError } from '../../src/foundation/errors.js';
import type { Size } from '../../src/foundation/frame.js';
import { resizeModel } from '../../src/model/resize-model.js';
import { buildChain } from '../../src/model/chain.js';
import { estimateDrawingMemory, estimateScoringMemory } from '../../src/memory/estimate-memory.js';
import { describeModel } from '../../src/model/presets.js';
import { completeImage } from '../../src/commands/sample-images/complete-image.js';
import { fitScoringBatch } from '../../src/memory/memory-limits.js';
import { assertTrainingMemory } from '../../src/commands/train/training-memory.js';
import { resolveFrameRange } from '../../src/commands/predict/frame-range.js';
import { predictClip } from '../../src/commands/predict/predict-clip.js';
import { assertPredictionMemory } from '../../src/commands/predict/prediction-memory.js';
import { sampleImages } from '../../src/commands/sample-images/sample-images.js';
import { scoreClips } from '../../src/commands/evaluate/score-clips.js';
import { trainModel } from '../../src/commands/train/train-model.js';
import { runSchema } from '../../src/training/configuration.js';
import '../backend/implementations.js';
import { randomModel, tinyNetwork } from '../model/tiny-networks.js';
import { temporaryFolder } from '../video/made-clips.js';
import { model, pngClip } from '../commands/train/tiny-clips.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend('native-wasm'));
const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

/** Lets the work have so many bytes. */
const allow = (bytes: number) => (process.env.PXV_MEMORY = String(bytes / 2 ** 20));

const large = { size: { width: 256, height: 192 }, channels: 3, levels: 256, hidden: 32, layers: 4 } as const;
const configurationOf = (data: object, batch = 16) =>
  runSchema.parse({
    model: describeModel('pixel-cnn', { ...large, head: 'softmax', context: 0 }),
    training: { batch, steps: 1 },
    data,
  });
const refusalOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as PxvError).message;
  }
  return '';
};

slowTest('on WebAssembly what takes more than 4 GiB is refused before the work, however much there is', () => {
  allow(2 ** 36);
  const run = configurationOf({ type: 'images', set: join(folder.path, 'photos') }, 64);
  const refused = /^train: memory: expected at most the 4\.0 GiB of memory that WebAssembly has, received about \d/;
  expect(refusalOf(() => assertTrainingMemory(run))).toMatch(refused);
});

slowTest('a training that does not fit is refused in one line, with a batch, a size and a width that fit', () => {
  allow(2 ** 30);
  const photos = { type: 'images', set: join(folder.path, 'photos') };
  const message = refusalOf(() => assertTrainingMemory(configurationOf(photos, 4)));
  const found =
    /^train: memory: .* 1\.0 GiB .* for a batch of 4 at 256x192; .* (\d) \(--batch\), .* (\d+)x(\d+) \(--size\)/.exec(
      message,
    );
  expect(message).toMatch(found ? /./ : /these fit/);
  expect(() => assertTrainingMemory(configurationOf(photos, Number(found![1])))).not.toThrow();
  expect(() => assertTrainingMemory(configurationOf(photos, Number(found![1]) + 1))).toThrow();
  const width = Number(found![2]);
  const height = Number(found![3]);
  const smaller = describeModel('pixel-cnn', { ...large, size: { width, height }, head: 'softmax', context: 0 });
  expect(() => assertTrainingMemory({ ...configurationOf(photos, 4), model: smaller })).not.toThrow();

  // The images of a data set have one size.
  expect(refusalOf(() => assertTrainingMemory(configurationOf({ type: 'images', set: 'cifar' }, 4)))).not.toMatch(
    /--size/,
  );
});

slowTest('on an adapter that holds no tensor so large a batch is refused or made smaller, before the work', () => {
  const backend = tf.backend() as { maxTensorBytes?: number };
  // Of the logits.
  const bytes = 4 * 256 * 192 * 3 * 256;
  const photos = { type: 'images', set: join(folder.path, 'photos') };
  const train = (batch: number) => () => assertTrainingMemory(configurationOf(photos, batch));
  const { model: description } = configurationOf(photos);
  const trained = { description, chain: buildChain(description) };
  try {
    backend.maxTensorBytes = 3 * bytes;
    expect(train(3)).not.toThrow();
    expect(train(4)).toThrow(
      'train: memory: expected at most the 432 MiB of a tensor on the adapter, ' +
        'received about 576 MiB for a batch of 4 at 256x192; these may fit: a batch of 3 (--batch), or ',
    );
    expect(fitScoringBatch(trained, 8)).toBe(3);
    backend.maxTensorBytes = bytes - 1;
    expect(() => fitScoringBatch(trained, 8)).toThrow(
      / of a tensor on the adapter, .* use a model of 255x191 or less$/,
    );
  } finally {
    delete backend.maxTensorBytes;
  }
  expect(train(4)).not.toThrow();
  expect(fitScoringBatch(trained, 8)).toBe(8);
});

slowTest('no batch is proposed that has fewer examples than shards', () => {
  allow(2 ** 30);
  const run = configurationOf({ type: 'images', set: join(folder.path, 'photos') }, 64);
  const ofShards = (shards: number) => ({ ...run, training: { ...run.training, shards } });
  expect(refusalOf(() => assertTrainingMemory(ofShards(2)))).toMatch(/these fit: a batch of \d+ \(--batch\)/);
  const refused = refusalOf(() => assertTrainingMemory(ofShards(16)));
  expect(refused).toMatch(/a batch of 64 at/);
  expect(Number(/ (\d+) \(--batch\)/.exec(refused)?.[1] ?? 16)).toBeGreaterThanOrEqual(16);
});

slowTest('rollouts count, and fewer of them are proposed where they are what does not fit', () => {
  allow(2 ** 30);
  const withRollouts = (rollOuts: number) =>
    runSchema.parse({
      model: describeModel('pixel-cnn', {
        ...{ ...large, size: { width: 32, height: 32 } },
        ...{ head: 'logistic-mixture', hidden: 6, layers: 1, context: 2 },
      }),
      training: { batch: 1, steps: 1, stages: [{ rollOuts }] },
      data: { type: 'clips', frames: ['clips'] },
    });
  expect(() => assertTrainingMemory(withRollouts(0))).not.toThrow();
  const found = /for a batch of 1 and 12 rollouts at 32x32; these fit: (\d+) rollouts? a step \(rollOuts\)/.exec(
    refusalOf(() => assertTrainingMemory(withRollouts(12))),
  );
  expect(() => assertTrainingMemory(withRollouts(Number(found![1])))).not.toThrow();
  expect(() => assertTrainingMemory(withRollouts(Number(found![1]) + 1))).toThrow();
});

slowTest('a training that does not fit leaves neither a frame nor a folder behind', async () => {
  const clip = await pngClip(folder.path, 'clip', 4);
  allow(2 ** 29);
  const out = join(folder.path, 'refused');
  const training = trainModel(out, configurationOf({ type: 'clips', frames: [clip] }));
  await expect(training).rejects.toMatchObject({ code: 'RESOURCES' });
  expect(existsSync(out)).toBe(false);
});

test('clips are scored in smaller batches if memory is short, to the same bits, or refused', async () => {
  const clip = await pngClip(folder.path, 'scored', 12);
  const options = { fit: 'crop', horizon: 0, seed: 1 } as const;
  const whole = await scoreClips(model, [clip], options);
  allow(estimateScoringMemory(model.chain, 3));
  expect(await scoreClips(model, [clip], options)).toEqual(whole);
  allow(estimateScoringMemory(model.chain, 1) - 1);
  await expect(scoreClips(model, [clip], options)).rejects.toThrow(
    /^score: memory: .* for one image of 5x7; (give a smaller size: --size|use a smaller network)/,
  );
});

test('a drawing that does not fit is refused with the number of samples that does', async () => {
  const clip = await pngClip(folder.path, 'drawn', 4);
  const drawing = { settings: { temperature: 1 }, seed: 1, scale: 1 } as const;
  const out = join(folder.path, 'drawn.png');
  allow(estimateDrawingMemory(model.chain, 3));
  const predicting = predictClip(model, clip, { ...drawing, out, horizon: 1, samples: 40_000, from: null });
  await expect(predicting).rejects.toThrow(/^predict: --samples: .* for 40000; give --samples 2 or less$/);

  const images = randomModel([tinyNetwork({ conditioning: [] })]);
  allow(2 ** 29);
  const sampling = sampleImages(images, { ...drawing, out, count: 1e9 });
  await expect(sampling).rejects.toThrow(/^sample: --count: .* for 1000000000; give --count \d+ or less$/);
  const completing = completeImage(images, clip, { ...drawing, out, fromRow: 1, samples: 10, scale: 4096 });
  await expect(completing).rejects.toThrow(/^complete image: (memory|--samples): /);
  expect(existsSync(out)).toBe(false);
});

test('where one image alone does not fit, a size that does is named', async () => {
  const clip = await pngClip(folder.path, 'huge', 2);
  const description = describeModel('pixel-cnn', { ...large, head: 'logistic-mixture', context: 2 });
  const huge = { ...model, description, chain: buildChain(description) };
  allow(2 ** 28);
  await expect(scoreClips(huge, [clip], { fit: 'crop', horizon: 0, seed: 1 })).rejects.toThrow(
    /for one image of 256x192; give a smaller size: --size \d+x\d+, or --short-side \d+, at most$/,
  );
  const images = { ...describeModel('pixel-cnn', { ...large, head: 'logistic-mixture', context: 0 }) };
  const ofImages = { ...model, description: images, chain: buildChain(images) };
  allow(estimateScoringMemory(ofImages.chain, 1) - 1);
  expect(refusalOf(() => fitScoringBatch(ofImages, 8))).toMatch(/ 256x192; use a model of \d+x\d+ or less$/);
});

test('a size that does not fit is refused before a frame is read, and the one that is named fits', async () => {
  const clip = await pngClip(folder.path, 'sized', 4);
  const options = { settings: { temperature: 1 }, seed: 1, scale: 1, horizon: 1, samples: 1, from: null };
  const out = join(folder.path, 'sized-out');
  allow(estimateDrawingMemory(resizeModel(model, { width: 50, height: 70 }).chain, 1) + 50 * 70 * 3 * 2 + 100);
  const predicting = (size: Size) => predictClip(model, clip, { ...options, out, size });
  const message = await predicting({ width: 500, height: 700 }).catch((error: PxvError) => error.message);
  const [, width, height] = /--size (\d+)x(\d+), or/.exec(message as string)!.map(Number);
  expect(existsSync(out)).toBe(false);
  expect({ width, height }).toEqual({ width: 50, height: 70 });
  expect(await predicting({ width, height })).toMatchObject({ predicted: 1 });
});

test.each([
  ['gif', {}, 20],
  ['png', { plain: true }, 20],
  ['gif', { from: 6 }, 6],
] as const)(
  'a %s with %j is not begun where memory is short for all of its known frames',
  async (kind, more, known) => {
    const clip = await pngClip(folder.path, `known-${kind}-${known}`, 20);
    const out = join(folder.path, `known-${known}.${kind}`);
    const predicting = (scale: number) => predictClip(model, clip, { horizon: 1, samples: 1, scale, out, ...more });
    allow(estimateDrawingMemory(model.chain, 1) + 5 * 7 * 3 * (1 + 1000 ** 2));
    await expect(predicting(1000)).rejects.toThrow(
      new RegExp(`^predict: ${kind}: .* for ${known + 1} frames, which are held until the last is there; write an mp4`),
    );
    expect(existsSync(out)).toBe(false);
    expect(await predicting(10)).toMatchObject({ known });
  },
);

test('of a gif of the best guess one panel is held, whatever the number of samples', () => {
  allow(3 * 4 * 21 * 5 * 7 * 500 ** 2);
  const clip = { estimatedFrames: 20, frameRate: { numerator: 25, denominator: 1 } };
  const range = resolveFrameRange({ horizon: 1, knownFrames: 'all' }, clip, 'gif');
  const expecting = (forecast: 'samples' | 'best-guess') => () =>
    assertPredictionMemory(model, range, { samples: 4, scale: 500, forecast, kind: 'gif', plain: false });
  expect(expecting('samples')).toThrow(/^predict: gif: .* for 21 frames/);
  expect(expecting('best-guess')).not.toThrow();
});

test('futures are drawn in smaller batches where memory is short, and are the same', async () => {
  const clip = await pngClip(folder.path, 'futures', 8);
  const options = { horizon: 2, seed: 1, starts: 3, samples: 3 };
  const whole = await scoreClips(model, [clip], options);
  const held = 3 * 3 * 2 * 5 * 7 * 3;
  allow(estimateDrawingMemory(model.chain, 2) + held);
  expect(estimateDrawingMemory(model.chain, 3)).toBeGreaterThan(estimateDrawingMemory(model.chain, 2) + held);
  expect(await scoreClips(model, [clip], options)).toEqual(whole);
});
