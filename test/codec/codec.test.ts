import * as tf from '@tensorflow/tfjs-core';
import { decodeFrames, type DecodedFrame } from '../../src/codec/decode-frames.js';
import { encodeFrames, type EncodeSettings, type StillCoder } from '../../src/codec/encode-frames.js';
import { CodedReader, kinds } from '../../src/codec/format.js';
import type { Frame } from '../../src/foundation/frame.js';
import { bytesOf, levelsOf } from '../../src/foundation/levels.js';
import type { Model } from '../../src/model/model.js';
import '../backend/implementations.js';
import { randomInts } from '../random.js';
import { mixtureTogether, randomFrames, randomModel, tinyModels, tinyNetwork } from '../model/tiny-networks.js';

beforeEach(() => tf.setBackend('native-wasm'));

/** Bytes as they are, with two more: what a picture's own file is. */
const asIs: StillCoder = {
  encode: ({ data }) => Promise.resolve(Uint8Array.from([1, 2, ...data])),
  decode: (bytes) => Promise.resolve(bytes.slice(2)),
};
const rate = { numerator: 30000, denominator: 1001 };

/** Random frames, as a model sees them. */
function framesOf({ chain: { exampleShape: shape } }: Model, count: number): Frame[] {
  const [all, { size, channels }] = [randomFrames(shape, count, 3), shape];
  return Array.from({ length: count }, (_, at) => {
    const data = all.slice((at * all.length) / count, ((at + 1) * all.length) / count);
    return { ...size, channels, data: bytesOf(shape, levelsOf(shape, data)) };
  });
}

async function encoded(model: Model, frames: readonly Frame[], settings: Partial<EncodeSettings> = {}) {
  const parts: Uint8Array[] = [];
  const asked = { frameRate: rate, keyEvery: 4, webp: asIs, batch: 3, ...settings };
  for await (const part of encodeFrames(model, streamed(frames), asked)) parts.push(part);
  return Buffer.concat(parts);
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* streamed<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

async function decoded(bytes: Buffer, model: Model, stills: Model | null = null): Promise<DecodedFrame[]> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) => bytes.subarray(7 * at, 7 * at + 7));
  const reader = new CodedReader(streamed(pieces));
  const header = await reader.header();
  const found: DecodedFrame[] = [];
  for await (const each of decodeFrames(reader, header, { models: { model, stills }, webp: asIs })) found.push(each);
  return found;
}

/** Frames that are called right and are not. */
function wrong(found: readonly DecodedFrame[], frames: readonly Frame[]): number {
  return found.filter((each) => 'frame' in each && !Buffer.from(each.frame.data).equals(frames[each.index]?.data ?? ''))
    .length;
}

const images = tinyNetwork({ head: mixtureTogether, conditioning: [] });

test.each(tinyModels)('what a model of %s writes is read again', async (_, scales) => {
  const model = randomModel(scales);
  const frames = framesOf(model, 9);
  const kindsUsed: number[] = [];
  const bytes = await encoded(model, frames, { onFrame: ({ kind }) => kindsUsed.push(kind) });
  const found = await decoded(bytes, model);
  expect(found).toEqual(frames.map((frame, index) => ({ index, frame })));
  const isOfImages = model.chain.exampleShape.context === 0;
  if (!isOfImages)
    expect(kindsUsed.map((kind) => kind === kinds.predicted)).toEqual(
      [...'0111011101'].slice(0, 9).map(Number).map(Boolean),
    );
});

test('key frames are written by a model of images where that is smaller, and no figure depends on the batch', async () => {
  const [model, stills] = [randomModel([tinyNetwork()]), randomModel([images], 2)];
  const frames = framesOf(model, 6);
  const used: number[] = [];
  const large: StillCoder = { ...asIs, encode: ({ data }) => Promise.resolve(new Uint8Array(9 * data.length)) };
  const bytes = await encoded(model, frames, { stills, webp: large, onFrame: ({ kind }) => used.push(kind) });
  expect(used).toEqual([kinds.still, 1, 1, 1, kinds.still, 1]);
  expect(await decoded(bytes, model, stills)).toEqual(frames.map((frame, index) => ({ index, frame })));
  expect(await encoded(model, frames, { stills, webp: large, batch: 1 })).toEqual(bytes);
});

test('a flipped bit and a lost end are found, cost the frames up to the next key frame, and make no frame wrong', async () => {
  const model = randomModel([tinyNetwork({ size: { width: 2, height: 2 } })]);
  const frames = framesOf(model, 10);
  const bytes = await encoded(model, frames);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] ^= 1 << (at % 8);
    const found = await decoded(damaged, model).catch((error: Error) => error.message);
    if (typeof found === 'string') {
      expect(found).toMatch(/^decode: the file: expected one that pxv encode wrote, received .*; check the file$/);
      continue;
    }
    expect([at, wrong(found, frames), found.filter((each) => 'lost' in each).length]).toEqual([at, 0, 1]);
    // Of ten frames with key frames 0, 4 and 8.
    expect(found.filter((each) => 'frame' in each).length).toBeGreaterThanOrEqual(6);
    const cut = await decoded(bytes.subarray(0, at), model).catch(() => null);
    if (cut !== null) expect([at, wrong(cut, frames), 'lost' in cut.at(-1)!]).toEqual([at, 0, true]);
  }
});

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
    /^decode: the instruction set: expected avx2, .* received wasm; read it on such a machine, or write it with --instruction-set portable$/,
  );
});
