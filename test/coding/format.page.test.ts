import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { computeFingerprint } from '../../src/coding/fingerprint.js';
import { bytesToLevels } from '../../src/foundation/levels.js';
import { createWebpCodec } from '../../src/video/lossless-webp.js';
import '../backend/implementations.js';
import { randomModel, tinyNetwork } from '../model/tiny-networks.js';
import { encoded, framesOf } from './coding.js';

/** CRC-32 bit by bit. */
function crc(...parts: Uint8Array[]): number {
  let state = -1;
  for (const byte of Buffer.concat(parts)) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit++) state = (state >>> 1) ^ (state & 1 ? 0xedb88320 : 0);
  }
  return ~state >>> 0;
}

interface FrameOnPage {
  kind: number;
  index: number;
  check: number;
  payload: Buffer;
  /** Kind, index and length, as the CRC counts them. */
  numbers: Buffer;
}

/** Reads a file of coded frames by docs/codec-format.md alone. */
function parse(file: Buffer) {
  let at = 44;
  const take = (count: number) => file.subarray(at, (at += count));
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const [byte] = take(1);
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const frames: FrameOnPage[] = [];
  while (at < file.length) {
    const [kind] = take(1);
    if (kind >= 2) expect(take(3).toString('hex')).toBe('f34b59');
    const index = kind === 1 ? frames.at(-1)!.index + 1 : number();
    const length = kind === 0 ? 0 : number();
    const check = take(4).readUInt32BE();
    const numbers = Buffer.alloc(9, kind);
    numbers.writeUInt32BE(index, 1);
    numbers.writeUInt32BE(length, 5);
    frames.push({ kind, index, check, payload: take(length), numbers });
  }
  return { beginning: file.subarray(0, 44), frames };
}

/** The first part of a payload, before which stands its length, below 128; and the rest. */
const partsOf = (payload: Buffer) => [payload.subarray(1, 1 + payload[0]), payload.subarray(1 + payload[0])] as const;

beforeEach(() => tf.setBackend('native-wasm'));

test.each([
  ['colour frames of 256 levels', { channels: 3, levels: 256 }],
  ['grey frames of 5 levels', { channels: 1, levels: 5 }],
] as const)('a file of %s is read by a program that knows the page alone', async (_, { channels, levels }) => {
  const model = randomModel([tinyNetwork({ channels, levels })]);
  const { size } = model.chain.exampleShape;
  const given = framesOf(model, 6);
  const webp = createWebpCodec(size, channels);
  const names = ['a.png', 'below/b.png'];
  const clip = parse(await encoded(model, given, { webp }));
  const stills = parse(await encoded(model, given.slice(0, 2), { webp, names }));

  const { beginning } = clip;
  expect(beginning.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x58, 0x56, 3, 0, channels, levels - 1]));
  expect([beginning.readUInt16BE(8), beginning.readUInt16BE(10)]).toEqual([size.width, size.height]);
  expect([beginning.readUInt32BE(12), beginning.readUInt32BE(16)]).toEqual([30000, 1001]);
  expect(beginning.toString('hex', 20, 28)).toBe(await computeFingerprint(model));
  expect(beginning.subarray(28, 40)).toEqual(Buffer.alloc(12));
  expect(beginning.readUInt32BE(40)).toBe(crc(beginning.subarray(0, 40)));

  expect(clip.frames.map(({ kind }) => kind)).toEqual([3, 1, 1, 1, 3, 1, 0]);
  expect(stills.frames.map(({ kind }) => kind)).toEqual([3, 3, 0]);
  for (const { frames } of [clip, stills]) {
    const [end] = frames.splice(-1);
    expect([end.index, end.check]).toEqual([frames.length, crc(end.numbers)]);
    for (const [at, { kind, index, check, payload, numbers }] of frames.entries()) {
      const own = bytesToLevels(model.chain.exampleShape, given[at].data);
      expect([index, check]).toEqual([at, crc(numbers, payload, own)]);
      if (kind !== 3) continue;
      const [name, picture] = partsOf(payload);
      expect(name.toString()).toBe(frames === stills.frames ? names[at] : '');
      const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ ...size, channels: 3, format: 'raw' });
      // Grey has R = G = B.
      const expected = [...own].flatMap((level) =>
        Array<number>(3 / channels).fill(Math.round((255 * level) / (levels - 1))),
      );
      expect([...data]).toEqual(expected);
      expect(expected.map((byte) => Math.floor((byte * levels) / 256))).toEqual(
        [...own].flatMap((level) => Array<number>(3 / channels).fill(level)),
      );
    }
  }
});
