import { decodeFrames, assertArithmetic } from '../coding/decode-frames.js';
import { CodedReader } from '../coding/format.js';
import { findFileModels } from '../coding/file-models.js';
import { errorFactory } from '../foundation/errors.js';
import type { Channels, Frame, Size } from '../foundation/frame.js';
import { framesPerSecond } from '../foundation/frame-rate.js';
import type { Model } from '../model/model.js';

/** A frame of a file of `pxv encode`, or frames that damage has cost. */
export type TimedFrame =
  | {
      /** From 0. */
      index: number;
      /** As it was written, bit for bit. */
      frame: Frame;
      /** Seconds from the first. */
      time: number;
    }
  | {
      /** Frames that cannot be read, the last included. `to` is null: to the end, wherever that was. */
      lost: { from: number; to: number | null };
    };

/** What stands in browsers alone. */
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

/** Bytes that are read at once. */
const TOGETHER = 2 ** 16;
/** Pixels of a frame, at most: a model takes memory for each, and a page has little. */
const MOST_PIXELS = 2 ** 18;

/**
 * The frames of a file that `pxv encode --instruction-set portable` has written, as they are read. Call `chooseBackend` first.
 *
 * @param models those that may have written it, loaded one after another until they are found; one that the file holds is found there
 * @throws PxvError `INPUT` where it is no such file, or its frames are too large; `USAGE` where machines wrote it that round otherwise than
 *   browsers; `CHECKPOINT` where none of the models wrote it; the signal's reason once it is aborted
 */
export async function* codedFrames(
  file: Blob,
  models: Iterable<() => Promise<Model>>,
  signal?: AbortSignal,
): AsyncGenerator<TimedFrame, void> {
  const reader = new CodedReader(partsOf(file));
  const header = await reader.header();
  assertArithmetic(header);
  const { width, height, channels, frameRate } = header;
  if (width * height > MOST_PIXELS) {
    const remedy = 'read it by pxv decode';
    throw errorFactory('INPUT', 'decode')('the file', `${MOST_PIXELS} pixels at most`, `${width}x${height}`, remedy);
  }
  const webp = { decode: (bytes: Uint8Array) => decodeWebp(bytes, header, channels) };
  const found = await findFileModels(header, models);
  for await (const each of decodeFrames(reader, header, { models: found, webp, signal }))
    yield 'lost' in each ? each : { ...each, time: each.index / framesPerSecond(frameRate) };
}

async function* partsOf(file: Blob): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < file.size; at += TOGETHER)
    yield new Uint8Array(await file.slice(at, at + TOGETHER).arrayBuffer());
}

/** The bytes of a picture without loss, of this size and colours; none where it is no such picture. */
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

/** Whether these are the first bytes of WebP without loss and of this size: what is larger is never decoded. */
function isOfSize(bytes: Uint8Array, { width, height }: Size): boolean {
  const first = String.fromCharCode(...bytes.subarray(0, 16));
  if (bytes.length < 25 || !/^RIFF[^]{4}WEBPVP8L$/.test(first)) return false;
  const sides = new DataView(bytes.buffer, bytes.byteOffset).getUint32(21, true);
  return (sides & 0x3fff) + 1 === width && ((sides >> 14) & 0x3fff) + 1 === height;
}
