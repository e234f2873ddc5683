import { PxvError } from './errors.js';

/** Function that creates the error for a file with wrong contents. Expected and received contents are in words. */
export type RefuseFile = (expected: string, received: string, options?: ErrorOptions) => PxvError;

/**
 * Returns the error to throw if reading a file failed with `cause`: `cause` itself if it is a `PxvError`, else the
 * error of `refuse` for a damaged file.
 * @param kind kind of file, in words, such as `.npz`
 */
export function damagedError(kind: string, cause: unknown, refuse: RefuseFile): PxvError {
  if (cause instanceof PxvError) return cause;
  return refuse(`a whole ${kind} file`, `one that is damaged (${(cause as Error).message})`, { cause });
}

/** Header of an .npy file: type, order and shape of an array of NumPy. */
export interface NpyHeader {
  /** Type of a value as NumPy writes it, such as `|u1` or `<f4`; empty for a structured type. */
  type: string;
  /** True if the first index varies fastest (Fortran order); false if the last one does (C order). */
  isFortranOrder: boolean;
  /** Length of each axis, 0 or more. */
  shape: number[];
  /** Length of the header in bytes, which is the position of the first value. */
  headerBytes: number;
}

const MAGIC = '\x93NUMPY';
/** Maximum number of axes of an array, that of NumPy. */
const MAX_AXES = 64;
/** Maximum length of a header in bytes: that of format version 1. */
export const MAX_NPY_HEADER = 10 + 0xffff;

/**
 * Parses the header of an .npy file (numpy/lib/format.py): magic, version, header length, and the header as a Python
 * dict. Reads no values and no pickle.
 * @param bytes start of the file, at least up to the end of the header
 * @returns null if `bytes` holds no whole header
 * @throws the error of `refuse` if the header is whole and no array can have its shape
 */
export function parseNpyHeader(bytes: Buffer, refuse: RefuseFile): NpyHeader | null {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== MAGIC) return null;
  const isFirstVersion = bytes[6] === 1;
  const at = isFirstVersion ? 10 : 12;
  const headerBytes = at + (isFirstVersion ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  if (headerBytes > Math.min(bytes.length, MAX_NPY_HEADER)) return null;
  const header = bytes.toString('latin1', at, headerBytes);
  const [, type = ''] = /'descr': *'([^']*)'/.exec(header) ?? [];
  const [, order] = /'fortran_order': *(True|False)/.exec(header) ?? [];
  // Python 2 wrote (20L, 64L).
  const [, tuple] = /'shape': *\(((?:-?\d+L?, *)*(?:-?\d+L?)?)\)/.exec(header) ?? [];
  if (tuple === undefined || order === undefined) return null;
  const shape = Array.from(tuple.matchAll(/-?\d+/g), ([length]) => Number(length));
  if (shape.length > MAX_AXES || !shape.every((length) => Number.isSafeInteger(length) && length >= 0))
    throw refuse(`at most ${MAX_AXES} axes, each of a length from 0 to 2^53 - 1`, `the shape (${tuple})`);
  return { type, isFortranOrder: order === 'True', shape, headerBytes };
}

/**
 * Returns the header of an .npy file of unsigned bytes in C order. The header's length is a multiple of 64 bytes, and
 * 128 for up to five axes of lengths below 100 million.
 * @param shape length of each axis
 */
export function formatNpyHeader(shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.max(128, Math.ceil((10 + header.length + 1) / 64) * 64) - 10;
  const start = Buffer.from(`${MAGIC}\x01\x00\0\0`, 'latin1');
  start.writeUInt16LE(length, 8);
  return Buffer.concat([start, Buffer.from(`${header.padEnd(length - 1)}\n`, 'latin1')]);
}
