import type { Size } from '../src/foundation/frame.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { readMaybeGzip, wrongFile } from './read-file.js';

/** Images of an IDX file, in order, row by row. */
export interface IdxImages extends Size {
  /** Number of images. */
  count: number;
  /** Pixels, `count x height x width` bytes. */
  data: Uint8Array;
}

/** Magic number: two zero bytes, 8 for unsigned bytes, 3 for three dimensions. */
const MAGIC = 0x00000803;
const HEADER = 16;

/**
 * Reads images in IDX, the format of MNIST, plain or gzip: magic number, then numbers of images, rows and columns, each
 * 4 bytes big-endian, then the pixels.
 * @param size size that the images must have
 * @throws PxvError `INPUT` if the file is invalid or its images have another size
 */
export async function readIdxImages(path: string, size: Size): Promise<IdxImages> {
  return parseIdxImages(await readMaybeGzip(path), path, size);
}

/**
 * Parses the unpacked bytes of an IDX file of images: see `readIdxImages`.
 * @param path name of the file in errors
 * @throws PxvError `INPUT` if the bytes are invalid or the images have another size
 */
export function parseIdxImages(bytes: Uint8Array, path: string, size: Size): IdxImages {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
  if (bytes.length < HEADER) throw wrongFile(path, `an IDX header of ${HEADER} bytes`, `${bytes.length} bytes`);
  const magic = view.getUint32(0);
  if (magic !== MAGIC) throw wrongFile(path, `the magic number ${hex(MAGIC)} of IDX images`, hex(magic));
  const [count, height, width] = [4, 8, 12].map((at) => view.getUint32(at));
  if (height !== size.height || width !== size.width)
    throw wrongFile(path, `images of ${size.width}x${size.height}`, `${width}x${height}`);
  const expected = HEADER + count * height * width;
  if (count === 0) throw wrongFile(path, 'at least one image', 'none');
  if (bytes.length !== expected)
    throw wrongFile(path, `${expected} bytes for the ${pluralize(count, 'image')} of its header`, `${bytes.length}`);
  return { count, height, width, data: bytes.subarray(HEADER) };
}
