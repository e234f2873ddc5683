import { decodeFrames, type DecodedFrame } from '../../src/coding/decode-frames.js';
import { encodeFrames, type EncodeOptions, type StillCodec } from '../../src/coding/encode-frames.js';
import { CodedReader } from '../../src/coding/format.js';
import type { Frame } from '../../src/foundation/frame.js';
import { levelsToBytes, bytesToLevels } from '../../src/foundation/levels.js';
import type { Model } from '../../src/model/model.js';
import { randomFrames } from '../model/tiny-networks.js';

/** Bytes as they are, with two more: what a picture's own file is. */
export const asIs: StillCodec = {
  encode: ({ data }) => Promise.resolve(Uint8Array.from([1, 2, ...data])),
  decode: (bytes) => Promise.resolve(bytes.slice(2)),
};
const rate = { numerator: 30000, denominator: 1001 };

/** Random frames, as a model sees them. */
export function framesOf({ chain: { exampleShape: shape } }: Model, count: number, seed = 3): Frame[] {
  const all = randomFrames(shape, count, seed);
  const { size, channels } = shape;
  return Array.from({ length: count }, (_, at) => {
    const data = all.slice((at * all.length) / count, ((at + 1) * all.length) / count);
    return { ...size, channels, data: levelsToBytes(shape, bytesToLevels(shape, data)) };
  });
}

export async function encoded(model: Model, frames: readonly Frame[], settings: Partial<EncodeOptions> = {}) {
  const parts: Uint8Array[] = [];
  const asked = { frameRate: rate, keyFrameInterval: 4, webp: asIs, batch: 3, ...settings };
  for await (const part of encodeFrames(model, streamed(frames), asked)) parts.push(part);
  return Buffer.concat(parts);
}

// eslint-disable-next-line @typescript-eslint/require-await
export async function* streamed<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

export async function decoded(bytes: Buffer, model: Model, stills: Model | null = null): Promise<DecodedFrame[]> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) => bytes.subarray(7 * at, 7 * at + 7));
  const reader = new CodedReader(streamed(pieces));
  const header = await reader.header();
  const found: DecodedFrame[] = [];
  for await (const each of decodeFrames(reader, header, { models: { model, stills }, webp: asIs })) found.push(each);
  return found;
}

/** Frames as they are read; of a clip they have no names. */
export function called(frames: readonly Frame[], names: readonly string[] = []): DecodedFrame[] {
  return frames.map((frame, index) => ({ index, frame, name: names[index] ?? '' }));
}

/** Frames that are called right and are not. */
export function wrong(found: readonly DecodedFrame[], frames: readonly Frame[]): number {
  return found.filter((each) => 'frame' in each && !Buffer.from(each.frame.data).equals(frames[each.index]?.data ?? ''))
    .length;
}
