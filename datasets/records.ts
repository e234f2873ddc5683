import { closeSync, openSync, readSync } from 'node:fs';
import { errorFactory } from '../src/foundation/errors.js';
import type { Images } from './image-set.js';

const READING = 'read image';
const unusable = errorFactory('USAGE', READING);

/** Shape and origin of images to open. */
export type RecordImages = Pick<Images, 'width' | 'height' | 'channels' | 'levels' | 'origin' | 'files'>;

/** File, or part of a file, that holds images as records of equal length. */
export interface RecordFile {
  path: string;
  /** Bytes before the first image's pixels. */
  offset: number;
  /** Bytes from the start of one image to the start of the next. */
  stride: number;
  /** Number of images. */
  count: number;
}

/** Order of bytes in an image. `interleaved`: pixel by pixel; `planar`: all of R, then all of G, then all of B. */
export type Layout = 'interleaved' | 'planar';

/**
 * Opens images that are read from disk at each access, so that at most one image is held in memory. The caller closes
 * the result.
 * @param layout order of bytes in the files; `read` always gives interleaved bytes
 * @param files files of the images, in the order of their indices
 * @throws the system's error if a file cannot be opened
 */
export function openImagesOnDisk(shape: RecordImages, layout: Layout, files: readonly RecordFile[]): Images {
  const opened = files.map((file) => ({ ...file, fd: openSync(file.path, 'r') }));
  const count = files.reduce((sum, file) => sum + file.count, 0);
  const bytes = shape.width * shape.height * shape.channels;
  const planar = layout === 'planar' && shape.channels > 1;
  const planes = new Uint8Array(planar ? bytes : 0);
  return {
    ...shape,
    count,
    read(index, into) {
      checkRead(index, count, into, bytes);
      let file = 0;
      let first = 0;
      while (index - first >= opened[file].count) first += opened[file++].count;
      const { path, fd, offset, stride } = opened[file];
      const target = planar ? planes : into;
      for (let done = 0; done < bytes;) {
        const got = readSync(fd, target, done, bytes - done, offset + (index - first) * stride + done);
        if (got === 0) {
          const expected = 'the images of the file when it was opened';
          const remedy = 'restore the file and run the command again';
          throw errorFactory('INPUT', READING)(path, expected, 'a file that was truncated since', remedy);
        }
        done += got;
      }
      if (planar) interleave(planes, shape.channels, into);
    },
    close() {
      for (const { fd } of opened.splice(0)) closeSync(fd);
    },
  };
}

/**
 * Returns images over pixels in memory, image after image, interleaved. After `close`, `read` throws `USAGE`.
 * @param data count x height x width x channels bytes
 */
export function wrapImages(shape: RecordImages, data: Uint8Array): Images {
  const bytes = shape.width * shape.height * shape.channels;
  const count = data.length / bytes;
  return {
    ...shape,
    count,
    read(index, into) {
      if (data.length < count * bytes)
        throw unusable(`image ${index}`, 'open images', 'closed ones', 'close them last');
      checkRead(index, count, into, bytes);
      // A loop, since a view of `data` would be an allocation.
      for (let i = 0, from = index * bytes; i < bytes; i++, from++) into[i] = data[from];
    },
    close() {
      data = new Uint8Array(0);
    },
  };
}

/**
 * Returns a view of the images at `indices`, in this order. Closing the view closes `images`.
 * @param origin origin of the view: see `Images`
 */
export function selectImages(images: Images, indices: Uint32Array, origin: string): Images {
  const bytes = images.width * images.height * images.channels;
  return {
    ...images,
    count: indices.length,
    origin,
    fileOf: images.fileOf && ((index) => images.fileOf!(indices[index])),
    read(index, into) {
      checkRead(index, indices.length, into, bytes);
      images.read(indices[index], into);
    },
  };
}

/**
 * Throws if an image cannot be read into `into`.
 * @throws PxvError `USAGE` if there is no such image or `into` is too small
 */
function checkRead(index: number, count: number, into: Uint8Array, bytes: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count && into.length >= bytes) return;
  const expected = `an image from 0 to ${count - 1} and room for ${bytes} bytes`;
  const received = `image ${index} and room for ${into.length} bytes`;
  throw unusable(`image ${index}`, expected, received, 'ask for an image that the data set has');
}

function interleave(planes: Uint8Array, channels: number, into: Uint8Array): void {
  for (let channel = 0, from = 0; channel < channels; channel++) {
    for (let to = channel; to < planes.length; to += channels) into[to] = planes[from++];
  }
}
