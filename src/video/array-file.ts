import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { damagedError, MAX_NPY_HEADER, parseNpyHeader, type NpyHeader, type RefuseFile } from '../foundation/npy.js';
import { listNpzMembers, readNpzHeader, readNpzMember, type NpzMember } from '../foundation/npz.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../foundation/temporary-folder.js';
import { unpackedPieces } from '../foundation/unpack.js';
import { writeFailure } from '../foundation/write-file.js';
import { LAYOUTS } from './array-layout.js';
import { valueTypes } from './array-values.js';
import { assertDiskSpace } from './disk-space.js';

/** Array in a file, whose values are not read yet. */
export interface StoredArray {
  /** Name of the array in its .npz file; null for an .npy file. */
  key: string | null;
  header: NpyHeader;
  /**
   * Returns the file in which the values lie unpacked, and the position of the first. A compressed array is unpacked
   * to a temporary file on the first call, since frames are read at any place.
   */
  locate: () => Promise<{ path: string; offset: number }>;
}

const unreadable = errorFactory('INPUT', 'read array');

/** Arrays that are clips, in words, for errors. */
const CLIPS = `uint8, or floats of 0 to 1, in C order, as ${LAYOUTS}`;

/**
 * Returns the `INPUT` error for an array file that cannot be read as clips.
 * @param expected contents that the file should have, in words; default: the types and layouts of clips
 */
export function arrayError(path: string, received: string, remedy: string, expected = CLIPS): PxvError {
  return unreadable(path, expected, received, remedy);
}

/**
 * Returns the arrays of an .npy, .npy.gz or .npz file, with headers alone read. Skips arrays of fewer than three axes,
 * such as labels.
 * @throws PxvError `INPUT` if the file is damaged or shorter than its header says
 */
export async function listArrays(path: string): Promise<StoredArray[]> {
  const refuse: RefuseFile = (expected, received, options) =>
    unreadable(path, expected, received, 'save the array again', options);
  const isPacked = /\.gz$/i.test(path);
  const arrays = /\.npz$/i.test(path)
    ? await arraysOfNpz(path, refuse)
    : [isPacked ? await packedArray(path, refuse) : await plainArray(path, refuse)];
  return arrays.filter(({ header }) => header.shape.length >= 3);
}

async function plainArray(path: string, refuse: RefuseFile): Promise<StoredArray> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_NPY_HEADER), 0, MAX_NPY_HEADER, 0);
    const header = assertHeader(parseNpyHeader(buffer.subarray(0, bytesRead), refuse), refuse);
    assertBytes(header, (await stat(path)).size, refuse);
    return { key: null, header, locate: () => Promise.resolve({ path, offset: header.headerBytes }) };
  } finally {
    await file.close();
  }
}

async function packedArray(path: string, refuse: RefuseFile): Promise<StoredArray> {
  const read = () => unpackedPieces(createReadStream(path), createGunzip({ chunkSize: 1 << 20 }));
  let start = Buffer.alloc(0);
  try {
    for await (const piece of read()) {
      start = Buffer.concat([start, piece]);
      if (start.length >= MAX_NPY_HEADER) break;
    }
  } catch (cause) {
    throw damagedError('gzip', cause, refuse);
  }
  const header = assertHeader(parseNpyHeader(start, refuse), refuse);
  const bytes = header.headerBytes + valueBytes(header);
  return { key: null, header, locate: once(() => unpack(path, header, bytes, wholeOf(read, bytes, refuse))) };
}

async function arraysOfNpz(path: string, refuse: RefuseFile): Promise<StoredArray[]> {
  const arrays: StoredArray[] = [];
  for (const member of await listNpzMembers(path, refuse)) {
    const header = await readNpzHeader(path, member, refuse);
    if (header !== null) arrays.push(memberArray(path, member, header, refuse));
  }
  return arrays;
}

function memberArray(path: string, member: NpzMember, header: NpyHeader, refuse: RefuseFile): StoredArray {
  assertBytes(header, member.bytes, refuse);
  const inPlace = () => Promise.resolve({ path, offset: member.offset + header.headerBytes });
  const unpacked = () => unpack(path, header, member.bytes, () => readNpzMember(path, member, refuse));
  return { key: member.name.replace(/\.npy$/, ''), header, locate: member.isDeflated ? once(unpacked) : inPlace };
}

function assertHeader(header: NpyHeader | null, refuse: RefuseFile): NpyHeader {
  if (header === null) throw refuse('an array that NumPy saved (.npy)', 'a file without its header');
  return header;
}

/** Returns the bytes of an array's values. */
function valueBytes({ type, shape }: NpyHeader): number {
  return shape.reduce((product, length) => product * length, valueTypes.get(type)?.bytes ?? 0);
}

/**
 * Compares the values that a header claims with the bytes that are there. Types that are not read pass.
 * @param bytes bytes of header and values
 * @throws the error of `refuse` if there are more or fewer
 */
function assertBytes(header: NpyHeader, bytes: number, refuse: RefuseFile): void {
  const claimed = valueBytes(header);
  const found = bytes - header.headerBytes;
  if (valueTypes.has(header.type) && claimed !== found)
    throw refuse(`${claimed} bytes of ${header.shape.join(' x ')} values`, `${found} bytes`);
}

/** Yields the pieces of a packed file. @throws the error of `refuse` unless there are `bytes` bytes */
function wholeOf(read: () => AsyncIterable<Buffer>, bytes: number, refuse: RefuseFile) {
  return async function* () {
    let done = 0;
    try {
      for await (const piece of read()) {
        done += piece.length;
        if (done > bytes) throw refuse(`${bytes} bytes once unpacked`, 'more');
        yield piece;
      }
    } catch (cause) {
      throw damagedError('gzip', cause, refuse);
    }
    if (done < bytes) throw refuse(`${bytes} bytes once unpacked`, `${done}`);
  };
}

/** Folder of unpacked arrays, removed when the process exits; null before the first. */
let folder: TemporaryFolder | null = null;
let unpackedFiles = 0;

/**
 * Unpacks an array to a temporary file.
 * @param bytes bytes of header and values once unpacked
 * @throws PxvError `RESOURCES` if the disk is too small; `OUTPUT` if the temporary file cannot be written
 */
async function unpack(source: string, { headerBytes }: NpyHeader, bytes: number, pieces: () => AsyncIterable<Buffer>) {
  const what = `${basename(source)} once unpacked`;
  const remedy = 'set TMPDIR to a folder on another disk, or unpack the file yourself';
  await assertDiskSpace({ folder: tmpdir(), bytes, what, remedy });
  try {
    folder ??= makeTemporaryFolder('pxv-');
    const path = join(folder.path, `${unpackedFiles++}.npy`);
    await pipeline(pieces, createWriteStream(path));
    return { path, offset: headerBytes };
  } catch (cause) {
    throw writeFailure(tmpdir(), cause, { operation: 'unpack array', remedy: 'set TMPDIR to another folder' });
  }
}

/** Returns a function that calls `make` on its first call alone. */
function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | null = null;
  return () => (made ??= make());
}
