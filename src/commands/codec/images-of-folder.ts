import { stat } from 'node:fs/promises';
import { join, parse, relative, resolve, sep } from 'node:path';
import { listImagesBelow } from '../../../datasets/index.js';
import { errorFactory } from '../../foundation/errors.js';
import { quantizeFrames } from '../../foundation/levels.js';
import type { Model } from '../../model/model.js';
import {
  areFramesOfClip,
  defaultFrameRate,
  type Fit,
  probeImage,
  isFixedSize,
  type TargetSize,
  readImage,
  resolveSize,
} from '../../video/index.js';

/** Maximum bytes of an image's name. */
const MAX_NAME_BYTES = 512;

/**
 * Returns the paths of the still images below a folder, at any depth. Returns null if `path` is a file or holds no
 * images. Returns null for a video model if the images are frames of a clip (see `areFramesOfClip`).
 * @throws PxvError `INPUT` if a folder cannot be read
 */
export async function listStillImages(path: string, { chain }: Model): Promise<string[] | null> {
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false;
  const files = isFolder ? await listImagesBelow(path) : [];
  const isClip = chain.exampleShape.context > 0 && areFramesOfClip(files);
  return files.length === 0 || isClip ? null : files;
}

/**
 * Opens still images at a model's size, channels and levels, as the frames of a clip. The frames are read when `frames`
 * is iterated. The frame rate is the default, and the warning is null.
 *
 * @param files result of `listStillImages`, at least one path
 * @throws PxvError `INPUT` if the first image cannot be read, or a path relative to `folder` is over 512 bytes; `INPUT`
 *   if two paths differ only in case or extension, as both would be decoded to one PNG; `INPUT` if an image would be
 *   decoded to a PNG of a folder's name. Iterating `frames` throws `INPUT`
 *   if an image cannot be read, or if sizes differ and `size` is not fixed
 * @returns images like a `ClipReader`; `names` are their paths relative to the folder, with `/` as separator
 */
export async function openImages(
  { chain }: Model,
  folder: string,
  files: readonly string[],
  { size: asked, fit = 'crop' }: { size: TargetSize; fit?: Fit | undefined },
) {
  const { channels, levels } = chain.exampleShape;
  const names = files.map((file) => relative(folder, file).split(sep).join('/'));
  assertFileNames(folder, names);
  const first = await probeImage(files[0]);
  const size = resolveSize(asked, first);
  async function* read() {
    for (const file of files) {
      const { width, height } = await probeImage(file);
      if (!isFixedSize(asked) && (width !== first.width || height !== first.height)) {
        const remedy = 'resize all to one size: --size 64x64';
        const expected = `the size of the first image, ${first.width}x${first.height}`;
        throw unusable(file, expected, `${width}x${height}`, remedy);
      }
      yield await readImage(file, { size, channels, fit: isFixedSize(asked) ? fit : 'stretch' });
    }
  }
  const facts = { size, frameRate: defaultFrameRate, estimatedFrames: files.length, warning: null };
  return { ...facts, names, frames: () => quantizeFrames(read(), levels) };
}

const unusable = errorFactory('INPUT', 'encode');

function assertFileNames(folder: string, names: readonly string[]): void {
  const known = new Map<string, string>();
  for (const name of names) {
    const bytes = Buffer.byteLength(name);
    if (bytes > MAX_NAME_BYTES)
      throw unusable(name, `a name of ${MAX_NAME_BYTES} bytes at most`, `${bytes} bytes`, 'give it a shorter name');
    // Some file systems ignore case.
    const written = imageOutputPath(name).toLowerCase();
    const other = known.get(written);
    if (other !== undefined)
      throw unusable(folder, 'names that differ beyond their extensions', `${other} and ${name}`, 'rename one');
    known.set(written, name);
  }
  for (const name of names)
    for (let { dir } = parse(name); dir !== ''; { dir } = parse(dir)) {
      const other = known.get(dir.toLowerCase());
      if (other !== undefined)
        throw unusable(
          folder,
          'images whose PNG would be in the place of no folder',
          `${other} and ${name}`,
          'rename one',
        );
    }
}

/**
 * Returns the relative path of the PNG file that an image is decoded to: `name` with the extension `.png`.
 * @param name relative path of the image as the coded file states it: untrusted
 * @throws PxvError `INPUT` if the path leaves its folder
 */
export function imageOutputPath(name: string): string {
  const { dir, name: own } = parse(name);
  const file = join(dir, `${own}.png`);
  const folder = resolve('images');
  if (!name.includes('\0') && resolve(folder, file).startsWith(`${folder}${sep}`)) return file;
  const damaged = errorFactory('INPUT', 'decode');
  throw damaged('a name in the file', 'a path inside the folder', JSON.stringify(name), 'do not trust the file');
}
