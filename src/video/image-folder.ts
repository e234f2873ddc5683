import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import type { Channels, Frame, Size } from '../foundation/frame.js';
import { loadSharp } from '../foundation/load-sharp.js';
import { pluralize } from '../foundation/pluralize.js';
import { detectImageFormat, SIGNATURE_BYTES } from './image-signature.js';
import { type Fit, resample } from './resample.js';

const unusable = errorFactory('INPUT', 'read frames');
/** Image formats of numbered images, as a phrase for messages. */
export const imageFormats = 'PNG, JPEG, WebP, TIFF or AVIF';
const OTHER_FORMAT = 'an empty file, or one of another format';
const imageName = /\d.*\.(?:png|jpe?g|webp|tiff?|avif)$/i;
/** Collator that compares names in natural order: `frame9` before `frame10`. */
export const naturalOrder = new Intl.Collator('en', { numeric: true });

/**
 * Returns the names of numbered images among `names`: names with a digit and the extension of an image format. Sorts
 * them in natural order: `frame9.png` before `frame10.png`. Skips hidden files.
 */
export function filterNumberedImages(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith('.') && imageName.test(name)).sort(naturalOrder.compare);
}

/**
 * Returns the paths of the numbered images in a folder, in natural order.
 * @throws PxvError `INPUT` if there are none, or the system's error if the folder cannot be read.
 */
export async function listImages(folder: string): Promise<string[]> {
  const names = filterNumberedImages(await readdir(folder));
  if (names.length === 0) {
    const expected = `a folder of numbered images (${imageFormats})`;
    const remedy = 'give a video file or a folder with files such as 0001.png';
    throw unusable(folder, expected, 'a folder without any', remedy);
  }
  return names.map((name) => join(folder, name));
}

/**
 * Returns true if all images lie in one folder, and their names hold numbers and differ in nothing else, as frames of a
 * clip do. Extensions are not compared.
 */
export function areFramesOfClip(paths: readonly string[]): boolean {
  const patterns = paths.map((path) => join(dirname(path), withoutNumbers(path)));
  return patterns.every((pattern) => pattern === patterns[0] && basename(pattern).includes('#'));
}

/** Returns a name without the size at its end, as in the `image-001_64x64` of a converted KTH clip. */
const withoutSize = (name: string) => name.replace(/[-_]\d+x\d+$/, '');

const withoutNumbers = (path: string) => parse(path).name.replace(/\d+/g, '#');

/** Maximum fraction of steps larger than the smallest. Beyond it the numbers are something else, such as times. */
const MAX_GAP_FRACTION = 1 / 4;

/**
 * Returns a warning of one line if the images may not be all frames of one clip; else null. Warns if numbers do not
 * increase, names differ in more than numbers, or numbers are missing. Numbers with gaps after more than a quarter of
 * the images are taken for times, and give no warning.
 * @param paths paths of the images, in natural order
 */
export function numberingWarning(paths: readonly string[]): string | null {
  const numbers = paths.map((path) => Number(/(\d+)\D*$/.exec(withoutSize(parse(path).name))?.[1]));
  const steps = numbers.slice(1).map((number, i) => number - numbers[i]);
  const names = paths.map((path) => basename(path));
  const mixed = 'images of several clips may be taken as one';
  const back = steps.findIndex((step) => step <= 0);
  if (back >= 0) return `the number of ${names[back + 1]} is no higher than that of ${names[back]}: ${mixed}`;
  const patterns = paths.map(withoutNumbers);
  const other = patterns.findIndex((pattern) => pattern !== patterns[0]);
  if (other >= 0) return `the names of ${names[0]} and ${names[other]} differ in more than numbers: ${mixed}`;
  const usual = steps.reduce((least, step) => Math.min(least, step), Infinity);
  const gaps = steps.flatMap((step, i) => (step > usual ? [i] : []));
  if (gaps.length === 0 || gaps.length > MAX_GAP_FRACTION * steps.length) return null;
  const where = `${pluralize(gaps.length, 'gap')} in the numbers, the first after ${names[gaps[0]]}`;
  return `${where}: images on both sides are taken as neighbours`;
}

/**
 * Returns width and height of an image after its EXIF rotation, and 1 channel if the image is grey, else 3.
 * @throws PxvError `INPUT` if the image cannot be read.
 */
export async function probeImage(path: string): Promise<Size & { channels: Channels }> {
  await assertImageFile(path);
  const sharp = await loadSharp();
  const { autoOrient, space } = await sharp(path).metadata().catch(unreadable(path));
  return { ...autoOrient, channels: space === 'b-w' || space === 'grey16' ? 1 : 3 };
}

/** Options for reading images: target size and channels, and the method to fit another aspect ratio. */
export interface ImageReadOptions {
  size: Size;
  channels: Channels;
  fit: Fit;
  /** Signal that aborts reading: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Yields images as frames, scaled to `size`.
 * @param expected size of the images; default: that of the first
 * @throws PxvError `INPUT` if an image cannot be read or differs in size from the first; the signal's reason
 *   if aborted.
 */
export async function* readImages(
  paths: readonly string[],
  reading: ImageReadOptions,
  expected?: Size,
): AsyncGenerator<Frame, void> {
  for (const path of paths) {
    reading.signal?.throwIfAborted();
    const source = await probeImage(path);
    expected ??= source;
    if (source.width !== expected.width || source.height !== expected.height) {
      const size = `the size of the first image, ${expected.width}x${expected.height}`;
      throw unusable(path, size, `${source.width}x${source.height}`, 'keep images of one size in a folder');
    }
    yield await readImage(path, reading);
  }
}

/**
 * Reads an image as a frame of `size`: rotated by its EXIF data, alpha over black. With one channel, the levels are
 * BT.601 luma.
 * @throws PxvError `INPUT` if the image cannot be read.
 */
export async function readImage(path: string, { size, channels, fit }: ImageReadOptions): Promise<Frame> {
  await assertImageFile(path);
  const sharp = await loadSharp();
  const { data, info } = await sharp(path)
    .autoOrient()
    .flatten({ background: 'black' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(unreadable(path));
  const picture = resample({ width: info.width, height: info.height, channels: 3, data }, size, fit);
  return channels === 1 ? luma(picture) : picture;
}

/** Returns a frame of 3 channels: a gray frame in equal ones, and a frame in colour itself. */
export function inColour(frame: Frame): Frame {
  const { channels, data } = frame;
  if (channels === 3) return frame;
  const repeated = Uint8Array.from({ length: 3 * data.length }, (_, at) => data[Math.floor(at / 3)]);
  return { ...frame, channels: 3, data: repeated };
}

/**
 * Returns a frame of 1 channel: the ITU-R BT.601 luma of an RGB frame's coded values, as FFmpeg computes grey, so that
 * a folder and a video file agree.
 */
export function luma({ width, height, data: rgb }: Frame): Frame {
  const data = new Uint8Array(width * height);
  for (let pixel = 0; pixel < data.length; pixel++) {
    const at = 3 * pixel;
    data[pixel] = Math.round(0.299 * rgb[at] + 0.587 * rgb[at + 1] + 0.114 * rgb[at + 2]);
  }
  return { width, height, channels: 1, data };
}

/**
 * Throws INPUT if a path is no regular file, since reading a pipe would never end, or no file of a format that is read.
 */
async function assertImageFile(path: string): Promise<void> {
  const facts = await stat(path).catch(unreadable(path));
  if (!facts.isFile()) unreadable(path)(new TypeError(facts.isDirectory() ? 'a folder' : 'a pipe or a device'));
  const file = await open(path).catch(unreadable(path));
  try {
    const { buffer } = await file.read(new Uint8Array(SIGNATURE_BYTES)).catch(unreadable(path));
    if (detectImageFormat(buffer) === null) unreadable(path)(new TypeError(OTHER_FORMAT));
  } finally {
    await file.close();
  }
}

function unreadable(path: string) {
  return (cause: Error): never => {
    const remedy = 'check its name, or replace the image';
    throw errorFactory('INPUT', 'read image')(path, 'a readable image', whatIsWrong(cause), remedy, { cause });
  };
}

/** Returns the decoder's error in plain words. */
function whatIsWrong({ message }: Error): string {
  const line = message.split('\n')[0];
  if (/^ENOENT/.test(line)) return 'no such file';
  if (/unsupported image format/.test(line)) return OTHER_FORMAT;
  if (/failOn|libpng|VipsJpeg|vips2?(?:png|jpeg)|premature end|corrupt/i.test(line)) return `a damaged image (${line})`;
  return line;
}
