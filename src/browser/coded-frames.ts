import { decodeFrames, assertArithmetic } from '../coding/decode-frames.js';
import { CodedReader } from '../coding/format.js';
import { findFileModels } from '../coding/file-models.js';
import { errorFactory } from '../foundation/errors.js';
import type { Channels, Frame, Size } from '../foundation/frame.js';
import { framesPerSecond } from '../foundation/frame-rate.js';
import type { Model } from '../model/model.js';

/** Decoded frame with its time, or a range of frames lost to damage. */
export type TimedFrame =
  | {
      /** 0-based index of the frame in the clip. */
      index: number;
      /** Decoded frame, bit for bit the encoded one. */
      frame: Frame;
      /** Seconds since the first frame. */
      time: number;
    }
  | {
      /** Range of lost frames, both ends included; `to` is null: to the unknown end. */
      lost: { from: number; to: number | null };
    };

/** Browser interfaces that Node.js types lack. */
interface Picture extends Size {
  close(): void;
}
const page = globalThis as unknown as {
  createImageBitmap(file: Blob, options: object): Promise<Picture>;
  OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(type: '2d'): {
      drawImage(picture: Picture, x: number, y: number): void;
      getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
    };
  };
};

/** Chunk size, in bytes. */
const CHUNK_BYTES = 2 ** 16;
/** Maximum pixels of a frame: a model's memory grows with the pixels, and a page has little. */
const MAX_PIXELS = 2 ** 18;

/**
 * Decodes a file of `pxv encode --instruction-set portable` and yields its frames. Call `chooseBackend` first.
 *
 * @param models loaders of candidate models, called one after another until the file's models are found; embedded
 *   models need no loader
 * @throws PxvError `INPUT` if the file is no coded file, or if its frames exceed 2^18 pixels; `USAGE` if the file's
 *   arithmetic is not that of browsers; `CHECKPOINT` if no model matches; the signal's reason if aborted
 */
export async function* codedFrames(
  file: Blob,
  models: Iterable<() => Promise<Model>>,
  signal?: AbortSignal,
): AsyncGenerator<TimedFrame, void> {
  const reader = new CodedReader(partsOf(file));
  try {
    const header = await reader.header();
    assertArithmetic(header);
    const { width, height, channels, frameRate } = header;
    if (width * height > MAX_PIXELS) {
      const remedy = 'read it by pxv decode';
      throw errorFactory('INPUT', 'decode')('the file', `${MAX_PIXELS} pixels at most`, `${width}x${height}`, remedy);
    }
    const webp = { decode: (bytes: Uint8Array) => decodeWebp(bytes, header, channels) };
    const found = await findFileModels(header, models);
    for await (const each of decodeFrames(reader, header, { models: found, webp, signal }))
      yield 'lost' in each ? each : { ...each, time: each.index / framesPerSecond(frameRate) };
  } finally {
    await reader.close();
  }
}

async function* partsOf(file: Blob): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < file.size; at += CHUNK_BYTES)
    yield new Uint8Array(await file.slice(at, at + CHUNK_BYTES).arrayBuffer());
}

/** Decodes a lossless WebP image of the given size and channels. Returns no bytes if `bytes` are something else. */
async function decodeWebp(bytes: Uint8Array, { width, height }: Size, channels: Channels): Promise<Uint8Array> {
  const none = new Uint8Array(0);
  if (!isOfSize(bytes, { width, height })) return none;
  const file = new Blob([Uint8Array.from(bytes)], { type: 'image/webp' });
  const asIs = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
  const picture = await page.createImageBitmap(file, asIs).catch(() => null);
  if (picture === null) return none;
  const context = new page.OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(picture, 0, 0);
  picture.close();
  const { data } = context.getImageData(0, 0, width, height);
  return Uint8Array.from(
    { length: width * height * channels },
    (_, at) => data[4 * Math.floor(at / channels) + (at % channels)],
  );
}

/** Returns true if `bytes` begin a lossless WebP of this size; larger images are never decoded. */
function isOfSize(bytes: Uint8Array, { width, height }: Size): boolean {
  const first = String.fromCharCode(...bytes.subarray(0, 16));
  if (bytes.length < 25 || !/^RIFF[^]{4}WEBPVP8L$/.test(first)) return false;
  const sides = new DataView(bytes.buffer, bytes.byteOffset).getUint32(21, true);
  return (sides & 0x3fff) + 1 === width && ((sides >> 14) & 0x3fff) + 1 === height;
}
