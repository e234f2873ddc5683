import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pluralize } from '../../src/foundation/pluralize.js';
import { writeToCache } from '../cache-folder.js';
import { cachedImages, cachePath, decodedImages } from '../decoded-images.js';
import { listFolder } from '../find-files.js';
import { listImagesBelow } from '../folder/folder.js';
import { splitHeldOut } from '../held-out.js';
import type { Images, ImageSet, OpenOptions } from '../image-set.js';
import { wrongFile } from '../read-file.js';
import { type RecordImages, openImagesOnDisk } from '../records.js';
import { openNpzBytes } from './npz.js';

/** Numbers of images in the npz files; ImageNet's validation images are the test split, as in the papers. */
const counts = { train: 1_271_167, validation: 10_000, test: 50_000 };

/**
 * ImageNet at 32x32. The test split is ImageNet's own validation set, and validation images are held out of the
 * training images.
 */
export const imagenet32 = imagenet(32);
/**
 * ImageNet at 64x64. The test split is ImageNet's own validation set, and validation images are held out of the
 * training images.
 */
export const imagenet64 = imagenet(64);

function imagenet(side: 32 | 64): ImageSet {
  const name = `imagenet${side}`;
  return {
    name,
    title: `ImageNet scaled down to ${side}x${side}, in colour`,
    size: { width: side, height: side },
    channels: 3,
    levels: 256,
    counts,
    files: [],
    async open(folder, split, options) {
      if (split === 'test') return openPart(folder, side, 'val', options);
      return splitHeldOut(await openPart(folder, side, 'train', options), split);
    },
  };
}

/**
 * Opens one part of ImageNet: .npz files in `folder` or in the folders that the archives make, else a folder of images.
 */
async function openPart(folder: string, side: number, part: 'train' | 'val', options?: OpenOptions): Promise<Images> {
  const names = await listFolder(folder);
  const unpackedFolder = new RegExp(`^Imagenet${side}_${part}_npz$`, 'i');
  const places = [folder, ...names.filter((name) => unpackedFolder.test(name)).map((name) => join(folder, name))];
  const npzName = part === 'train' ? /^train_data_batch_\d+\.npz$/ : /^val_data\.npz$/;
  for (const place of places) {
    const found = (await listFolder(place)).filter((name) => npzName.test(name)).map((name) => join(place, name));
    if (found.length > 0) return openNpz(found, side, part, options);
  }
  const imageFolder = names.find((name) => new RegExp(`^${part}(?:id|idation)?(?:_${side}x${side})?$`, 'i').test(name));
  if (imageFolder === undefined) {
    const pickled = names.find((name) => /^(?:train_data_batch_\d+|val_data)$/.test(name));
    const received = pickled
      ? `${pickled}, which is pickled (get the npz files)`
      : `a folder with ${pluralize(names.length, 'entry', 'entries')}`;
    const npz = part === 'train' ? 'train_data_batch_1.npz, ...' : 'val_data.npz';
    const images = part === 'train' ? `train_${side}x${side}` : `valid_${side}x${side}`;
    throw wrongFile(folder, `${npz}, or a folder ${images} of images`, received);
  }
  const paths = await listImagesBelow(join(folder, imageFolder));
  if (paths.length === 0) throw wrongFile(join(folder, imageFolder), 'images', 'a folder without any');
  const origin = `ImageNet ${side}x${side} ${part}: ${pluralize(paths.length, 'image')} of the folder ${imageFolder}`;
  return decodedImages(shape(side, origin, paths), paths, true, options);
}

function shape(side: number, origin: string, files: readonly string[]): RecordImages {
  return { width: side, height: side, channels: 3, levels: 256, origin, files };
}

/** Opens .npz files with an array `data` of n x (3 side side) bytes: red, green and blue plane of each image. */
async function openNpz(paths: string[], side: number, part: string, options: OpenOptions = {}): Promise<Images> {
  const stride = 3 * side * side;
  const arrays = await Promise.all(paths.map((path) => openNpzBytes(path, 'data')));
  for (const { path, shape } of arrays) {
    if (shape.length !== 2 || shape[1] !== stride || shape[0] === 0)
      throw wrongFile(path, `an array of n x ${stride} bytes`, shape.join(' x '));
  }
  const count = arrays.reduce((sum, { shape }) => sum + shape[0], 0);
  const names = paths.length > 1 ? `${paths.length} npz files` : basename(paths[0]);
  const of = `${pluralize(count, 'image')} of ${names}, down-sampled as in arXiv:1707.08819`;
  const about = shape(side, `ImageNet ${side}x${side} ${part}: ${of}`, paths);
  const stats = await Promise.all(paths.map((path) => stat(path)));
  const identity = [paths.map((path) => resolve(path)), ...stats.map(({ size, mtimeMs }) => [size, mtimeMs])];
  const readAll = async (write: (bytes: Uint8Array) => Promise<void>) => {
    for (const [index, array] of arrays.entries()) {
      options.signal?.throwIfAborted();
      options.onProgress?.(Math.round((index * count) / arrays.length), count);
      await array.read(write);
    }
    options.onProgress?.(count, count);
  };
  const files = arrays.map(({ path, offset, shape }) => ({ path, offset, stride, count: shape[0] }));
  if (!files.every((file): file is typeof file & { offset: number } => file.offset !== null))
    return cachedImages(about, 'planar', count, identity, readAll);
  // Gigabytes are read for their checksums only once: an empty file in the cache records it.
  const whole = cachePath(identity, 'whole');
  if (!existsSync(whole)) {
    await readAll(() => Promise.resolve());
    await writeToCache(whole, (temporary) => writeFile(temporary, ''));
  }
  return openImagesOnDisk(about, 'planar', files);
}
