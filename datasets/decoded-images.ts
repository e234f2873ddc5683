import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorFactory, PxvError } from '../src/foundation/errors.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { assertDiskSpace } from '../src/video/disk-space.js';
import { probeImage, readImage } from '../src/video/image-folder.js';
import { cacheFolder, writeToCache } from './cache-folder.js';
import type { Images, OpenOptions } from './image-set.js';
import { unreadable, wrongFile } from './read-file.js';
import { type RecordImages, openImagesOnDisk, type Layout } from './records.js';

/** Number of images decoded concurrently; sharp decodes on threads of its own. */
const DECODE_CONCURRENCY = 16;

/**
 * Opens image files as one set. The first call decodes all images into one cache file, which later calls read until an
 * image changes. The caller closes the result.
 * @param shape size and channels that the images are scaled and converted to
 * @param paths paths of the images, in the order of the result
 * @param exact true to refuse images of another size, instead of scaling them to `shape`
 * @throws PxvError `INPUT`, naming the images that cannot be read; `OUTPUT` if the cache cannot be written to;
 *   `RESOURCES` if the disk is too small; the signal's reason if aborted
 */
export async function decodedImages(
  shape: RecordImages,
  paths: readonly string[],
  exact: boolean,
  { signal, onProgress }: Pick<OpenOptions, 'signal' | 'onProgress'> = {},
): Promise<Images> {
  const { width, height, channels } = shape;
  const stamps: (string | number)[] = [];
  for (const path of paths) {
    const { size, mtimeMs } = await stat(path).catch(unreadable(path));
    stamps.push(resolve(path), size, mtimeMs);
  }
  const decodeAll = async (write: (bytes: Uint8Array) => Promise<void>) => {
    const refused: PxvError[] = [];
    for (let first = 0; first < paths.length; first += DECODE_CONCURRENCY) {
      signal?.throwIfAborted();
      onProgress?.(first, paths.length);
      const together = paths.slice(first, first + DECODE_CONCURRENCY).map((path) => decoded(path, shape, exact));
      for (const one of await Promise.all(together)) {
        if (one instanceof PxvError) refused.push(one);
        else if (refused.length === 0) await write(one);
      }
    }
    if (refused.length > 0) throw allRefused(refused);
    onProgress?.(paths.length, paths.length);
  };
  const identity = [width, height, channels, exact, ...stamps];
  const images = await cachedImages(shape, 'interleaved', paths.length, identity, decodeAll);
  return { ...images, fileOf: (index) => paths[index] };
}

/**
 * Opens images in a cache file, which is made first if missing. The caller closes the result.
 * @param layout order of bytes that `fill` writes
 * @param count number of images
 * @param identity all values that the pixels depend on, as the cache key
 * @param fill writes the pixels of the `count` images in order, by calls of its `write`
 * @throws PxvError `RESOURCES` if the disk is too small; `OUTPUT` if the cache cannot be written to; errors of `fill`
 */
export async function cachedImages(
  shape: RecordImages,
  layout: Layout,
  count: number,
  identity: readonly unknown[],
  fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<Images> {
  const path = cachePath(identity, 'images');
  const stride = shape.width * shape.height * shape.channels;
  const found = await stat(path).catch(() => null);
  if (found?.size !== count * stride) {
    const what = `${pluralize(count, 'image')} of ${shape.width}x${shape.height}`;
    const remedy = 'use a smaller --size, or set PXV_DATA to a folder on another disk';
    await assertDiskSpace({ folder: dirname(path), bytes: count * stride, what, remedy });
    await writeToCache(path, async (temporary) => {
      const output = await open(temporary, 'wx');
      try {
        await fill((bytes) => output.writeFile(bytes));
      } finally {
        await output.close();
      }
    });
  }
  return openImagesOnDisk(shape, layout, [{ path, offset: 0, stride, count }]);
}

/**
 * Returns the path of a file in the cache, for results that are computed once.
 * @param identity all values that the result depends on, as the cache key
 * @param ending file extension, without a dot
 */
export function cachePath(identity: readonly unknown[], ending: string): string {
  const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  return join(cacheFolder('decoded'), `${name}.${ending}`);
}

/** Returns the pixels of an image, or the error if the image cannot be read. */
async function decoded(path: string, shape: RecordImages, exact: boolean): Promise<Uint8Array | PxvError> {
  const { width, height, channels } = shape;
  try {
    if (exact) await checkSize(path, shape);
    return (await readImage(path, { size: { width, height }, channels, fit: 'crop' })).data;
  } catch (error) {
    if (error instanceof PxvError && error.code === 'INPUT') return error;
    throw error;
  }
}

/** Maximum number of images that an error names. */
const MAX_NAMED = 5;

/** Returns one error for all images that cannot be read, so that nobody has to find them run after run. */
function allRefused(refused: readonly PxvError[]): PxvError {
  const [first, ...others] = refused;
  if (others.length === 0) return first;
  const named = refused.slice(0, MAX_NAMED).map(({ parts }) => `${parts.argument} (${parts.received})`);
  const more = refused.length > MAX_NAMED ? [`${refused.length - MAX_NAMED} more`] : [];
  const received = `${pluralize(refused.length, 'image')} of other kinds or shapes: ${[...named, ...more].join(', ')}`;
  const invalid = errorFactory('INPUT', 'read images');
  const place = dirname(first.parts.argument);
  return invalid(place, 'readable images only', received, 'remove or replace them', { cause: first });
}

async function checkSize(path: string, { width, height }: RecordImages): Promise<void> {
  const found = await probeImage(path);
  if (found.width !== width || found.height !== height)
    throw wrongFile(path, `an image of ${width}x${height}`, `${found.width}x${found.height}`);
}
