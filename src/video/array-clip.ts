import { open, stat, type FileHandle } from 'node:fs/promises';
import { PxvError } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { arrayError, listArrays, type StoredArray } from './array-file.js';
import { layoutOfShape, type ArrayLayout } from './array-layout.js';
import { valuesToBytes, valueTypes, type ValueType } from './array-values.js';
import { splitAddress } from './clip-address.js';
import { inColour, luma, type ImageReadOptions } from './image-folder.js';
import { resample } from './resample.js';

/** Array of one clip or of several. */
interface ClipsArray extends Pick<StoredArray, 'locate'> {
  type: ValueType;
  layout: ArrayLayout;
}

/** Array of a file, or the error that says why it is no clips. */
interface OpenedArray {
  /** Place of the array in its file: empty, or `#` and its name if the file has several arrays. */
  place: string;
  array: ClipsArray | PxvError;
}

/** Opened files by path, since each clip of a file opens the file. */
const opened = new Map<string, { stamp: string; arrays: Promise<OpenedArray[]> }>();

/**
 * Returns the paths of the clips in an array file: `a.npy` for one clip, `a.npy#0`, `a.npy#1`, ... for several, and
 * `a.npz#NAME` or `a.npz#NAME#0`, ... in a file of several arrays. An array that cannot be read has a path too, and
 * opening the path throws the reason. Returns an empty list for a file without arrays of three axes or more.
 */
export async function listArrayClips(file: string): Promise<string[]> {
  const arrays = await arraysOf(file).catch(() => null);
  if (arrays === null) return [file];
  return arrays.flatMap(({ place, array }) => {
    const clips = array instanceof PxvError ? null : array.layout.clips;
    if (clips === null) return [`${file}${place}`];
    return Array.from({ length: clips }, (_, clip) => `${file}${place}#${clip}`);
  });
}

/** Clip in an array file. */
export interface ArrayClip extends Pick<ArrayLayout, 'frames' | 'size'> {
  /** Yields the frames from index `first` on. @throws PxvError `INPUT` for a float outside 0 to 1 */
  read: (reading: ImageReadOptions, first: number) => AsyncGenerator<Frame, void>;
}

/**
 * Opens a clip of an array file, and reads its first frame.
 * @param path path of the file, or of a clip as `listArrayClips` returns it
 * @throws PxvError `INPUT` if the array has no layout of clips, or `path` names none of its clips
 */
export async function openArrayClip(path: string): Promise<ArrayClip> {
  const { array, clip } = await findClip(path);
  const { frames, size, channels } = array.layout;
  const read = (reading: ImageReadOptions, first: number) => readFrames(path, array, clip, reading, first);
  for await (const frame of read({ size, channels, fit: 'stretch' }, 0)) {
    void frame;
    break;
  }
  return { frames, size, read };
}

async function findClip(path: string): Promise<{ array: ClipsArray; clip: number }> {
  const { file, place } = splitAddress(path);
  const asked = place === null ? '' : `#${place}`;
  const arrays = await arraysOf(file);
  if (arrays.length === 0) throw arrayError(path, 'no array of three axes or more', 'give another file');
  for (const { place, array } of arrays) {
    const [, number] = /^#(\d+)$/.exec(asked.startsWith(place) ? asked.slice(place.length) : '') ?? [];
    if (asked !== place && number === undefined) continue;
    if (array instanceof PxvError) throw array;
    const clip = Number(number ?? 0);
    const { clips } = array.layout;
    if (number === undefined ? clips === null : clip < (clips ?? 1)) return { array, clip };
  }
  const all = await listArrayClips(file);
  const received =
    asked === '' ? `a file of ${pluralize(all.length, 'clip')}` : `${asked.slice(1) || 'nothing'} behind the #`;
  throw arrayError(path, received, `name one clip, from ${all[0]} to ${all[all.length - 1]}`, 'one clip');
}

async function arraysOf(file: string): Promise<OpenedArray[]> {
  const stats = await stat(file);
  // Reading a pipe would never end.
  if (!stats.isFile()) throw arrayError(file, 'a pipe or a device', 'give a file');
  const { size, mtimeMs } = stats;
  const stamp = `${size} ${mtimeMs}`;
  const before = opened.get(file);
  if (before?.stamp === stamp) return before.arrays;
  const arrays = openArrays(file);
  opened.set(file, { stamp, arrays });
  return arrays;
}

async function openArrays(file: string): Promise<OpenedArray[]> {
  const found = await listArrays(file);
  return found.map((stored) => {
    const place = found.length > 1 ? `#${stored.key}` : '';
    return { place, array: openArray(`${file}${place}`, stored) };
  });
}

function openArray(path: string, { header, locate }: StoredArray): ClipsArray | PxvError {
  const type = valueTypes.get(header.type);
  if (type === undefined) {
    const isNumber = /^[<>|]?[iub]\d/.test(header.type);
    const remedy = isNumber ? "save a.astype('uint8'), of values from 0 to 255" : 'save the pictures as uint8';
    return arrayError(path, header.type ? `values of type ${header.type}` : 'values of several fields', remedy);
  }
  if (header.isFortranOrder) return arrayError(path, 'Fortran order', 'save numpy.ascontiguousarray(a)');
  const layout = layoutOfShape(header.shape);
  if ('remedy' in layout) return arrayError(path, layout.received, layout.remedy);
  if ((layout.clips ?? 1) > MAX_CLIPS)
    return arrayError(path, pluralize(layout.clips!, 'clip'), `save at most ${MAX_CLIPS} in a file`);
  return { type, layout, locate };
}

/** Maximum number of clips in an array, so that what a header claims fits into memory as a list. */
const MAX_CLIPS = 1_000_000;

async function* readFrames(path: string, array: ClipsArray, clip: number, reading: ImageReadOptions, first: number) {
  const { path: values, offset } = await array.locate();
  const file = await open(values, 'r');
  try {
    for (let index = first; index < array.layout.frames; index++) {
      reading.signal?.throwIfAborted();
      yield await readFrame(path, { ...array, file, offset }, clip, index, reading);
    }
  } finally {
    await file.close();
  }
}

/** Reads a frame at its own place in the file, scaled to a size. */
async function readFrame(
  path: string,
  { file, offset, type, layout }: ClipsArray & { file: FileHandle; offset: number },
  clip: number,
  index: number,
  { size, channels, fit }: ImageReadOptions,
): Promise<Frame> {
  const pixels = layout.size.width * layout.size.height;
  const bytes = pixels * layout.channels * type.bytes;
  const position = offset + (clip * layout.clipStride + index * layout.frameStride) * bytes;
  const { buffer, bytesRead } = await file.read(new Uint8Array(bytes), 0, bytes, position);
  if (bytesRead < bytes) throw arrayError(path, 'a file that was cut off since', 'give the whole file');
  let data = bytesOf(path, type, buffer, index);
  if (layout.isPlanar && layout.channels > 1)
    data = data.map((_, at) => data[(at % layout.channels) * pixels + Math.floor(at / layout.channels)]);
  const frame = resample({ ...layout.size, channels: layout.channels, data }, size, fit);
  if (frame.channels === channels) return frame;
  return channels === 1 ? luma(frame) : inColour(frame);
}

function bytesOf(path: string, type: ValueType, values: Uint8Array, index: number): Uint8Array {
  try {
    return valuesToBytes(type, values);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const remedy = 'scale the values to 0 to 1, or save them as uint8';
    throw arrayError(path, `a float of ${error.message} in frame ${index}`, remedy);
  }
}
