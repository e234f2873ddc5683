import * as tf from '@tensorflow/tfjs-core';
import { decodeFrames } from '../../src/coding/decode-frames.js';
import type { StillCodec } from '../../src/coding/encode-frames.js';
import { CodedReader, recordKinds } from '../../src/coding/format.js';
import { kernelSets } from '../backend/implementations.js';
import { collect } from '../video/made-clips.js';
import { resizeModel } from '../../src/model/resize-model.js';
import { randomInts } from '../random.js';
import { mixtureTogether, randomModel, likelihoodModels, tinyNetwork } from '../model/tiny-networks.js';
import { asIs, called, decoded, encoded, framesOf, streamed, wrong } from './coding.js';
import { slowTest } from '../extent.js';

beforeEach(() => tf.setBackend('native-wasm'));

const images = tinyNetwork({ head: mixtureTogether, conditioning: [] });

test.each(likelihoodModels)('what a model of %s writes is read again', async (_, scales) => {
  const model = randomModel(scales);
  const frames = framesOf(model, 9);
  const kindsUsed: number[] = [];
  const bytes = await encoded(model, frames, { onFrame: ({ kind }) => kindsUsed.push(kind) });
  const found = await decoded(bytes, model);
  expect(found).toEqual(called(frames));
  const isOfImages = model.chain.exampleShape.context === 0;
  if (!isOfImages)
    expect(kindsUsed.map((kind) => kind === recordKinds.predicted)).toEqual(
      [...'0111011101'].slice(0, 9).map(Number).map(Boolean),
    );
});

test.each(kernelSets.map(({ instructionSet }) => instructionSet))('black frames are read again, by %s', async (set) => {
  await tf.setBackend(`native-${set}`);
  const model = randomModel([tinyNetwork()]);
  const frames = framesOf(model, 4).map((frame, at) => (at < 2 ? frame : { ...frame, data: frame.data.map(() => 0) }));
  expect(await decoded(await encoded(model, frames), model)).toEqual(called(frames));
});

test('sizes that a file or a key frame cannot hold are refused before the first frame', async () => {
  const model = randomModel([tinyNetwork()]);
  const wide = (width: number) => resizeModel(model, { width, height: 1 });
  await expect(encoded(wide(16_384), [])).rejects.toThrow(/size: expected sides of at most 16383, received 16384/);
  const stills = { keyFrameModel: randomModel([images], 2) };
  await expect(encoded(wide(65_536), [], stills)).rejects.toThrow(/sides of at most 65535, received 65536/);
  await expect(encoded(wide(16_384), [], stills)).resolves.toBeDefined();
});

test('a header that claims other channels or levels than the model has is refused', async () => {
  const model = randomModel([tinyNetwork({ channels: 3 })]);
  const bytes = await encoded(model, framesOf(model, 2));
  for (const [other, expected] of [
    [{ channels: 1 }, /expected 1 channel of \d+ levels, received 3 channels of/],
    [{ levels: 2 }, /expected 3 channels of 2 levels, received 3 channels of/],
  ] as const) {
    const reader = new CodedReader(streamed([bytes]));
    const header = { ...(await reader.header()), ...other };
    const reading = collect(decodeFrames(reader, header, { models: { model, stills: null }, webp: asIs }));
    await expect(reading).rejects.toThrow(expected);
  }
});

test('key frames are coded by a model of images if that is smaller, and no figure depends on the batch', async () => {
  const model = randomModel([tinyNetwork()]);
  const keyFrameModel = randomModel([images], 2);
  const frames = framesOf(model, 6);
  const used: number[] = [];
  const large: StillCodec = { ...asIs, encode: ({ data }) => Promise.resolve(new Uint8Array(9 * data.length)) };
  const bytes = await encoded(model, frames, { keyFrameModel, webp: large, onFrame: ({ kind }) => used.push(kind) });
  expect(used).toEqual([recordKinds.still, 1, 1, 1, recordKinds.still, 1]);
  expect(await decoded(bytes, model, keyFrameModel)).toEqual(called(frames));
  expect(await encoded(model, frames, { keyFrameModel, webp: large, batch: 1 })).toEqual(bytes);
});

test('pictures that stand for themselves keep their names, behind damage too', async () => {
  const model = randomModel([tinyNetwork()]);
  const frames = framesOf(model, 3);
  const names = ['a.png', 'below/\u00e9 1.jpg', 'z'];
  const used: number[] = [];
  const bytes = await encoded(model, frames, { names, onFrame: ({ kind }) => used.push(kind) });
  expect(used).toEqual([recordKinds.webp, recordKinds.webp, recordKinds.webp]);
  expect(await decoded(bytes, model)).toEqual(called(frames, names));
  bytes[bytes.indexOf('below')] ^= 1;
  const [first, , last] = called(frames, names);
  expect(await decoded(bytes, model)).toEqual([first, { lost: { from: 1, to: 1 } }, last]);
});

slowTest(
  'a flipped bit and a lost end are found, cost frames up to the next key frame, and make none wrong',
  async () => {
    const model = randomModel([tinyNetwork({ size: { width: 2, height: 2 } })]);
    const frames = framesOf(model, 6);
    const bytes = await encoded(model, frames);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] ^= 1 << (at % 8);
      const found = await decoded(damaged, model).catch((error: Error) => error.message);
      if (typeof found === 'string') {
        expect(found).toMatch(/^decode: the file: expected a file of pxv encode, received .*; check the file$/);
        continue;
      }
      expect([at, wrong(found, frames), found.filter((each) => 'lost' in each).length]).toEqual([at, 0, 1]);
      // Of six frames with key frames 0 and 4.
      expect(found.filter((each) => 'frame' in each).length).toBeGreaterThanOrEqual(2);
      const cut = await decoded(bytes.subarray(0, at), model).catch(() => null);
      if (cut !== null) expect([at, wrong(cut, frames), 'lost' in cut.at(-1)!]).toEqual([at, 0, true]);
    }
  },
);

test('noise in the place of a file, or of what follows its beginning, is no frame', async () => {
  const model = randomModel([tinyNetwork()]);
  const beginning = (await encoded(model, framesOf(model, 1))).subarray(0, 44);
  for (let seed = 0; seed < 50; seed++) {
    const noise = Buffer.from(randomInts(300, 256, seed));
    await expect(decoded(noise, model)).rejects.toThrow(/another kind of file/);
    const found = await decoded(Buffer.concat([beginning, noise]), model);
    expect(found).toEqual([{ lost: { from: 0, to: null } }]);
  }
});

test('a file of another arithmetic is refused in one line that says what reads it', async () => {
  const model = randomModel([tinyNetwork()]);
  const bytes = await encoded(model, framesOf(model, 2));
  const reader = new CodedReader(streamed([bytes]));
  const header = { ...(await reader.header()), arithmetic: 'fused' } as const;
  const frames = decodeFrames(reader, header, { models: { model, stills: null }, webp: asIs });
  await expect(frames.next()).rejects.toThrow(
    /^decode: the instruction set: expected avx2, .* received wasm; .* write it with --instruction-set portable$/,
  );
});

test('where other kernels compute whole images than pixels, nothing is written that no reader repeats', async () => {
  const model = randomModel([tinyNetwork()]);
  await tf.setBackend('cpu');
  await expect(encoded(model, framesOf(model, 2))).rejects.toThrow(
    /^code frames: backend: expected native, .*, received another; choose it: await chooseBackend/,
  );
});
