import { createReadStream } from 'node:fs';
import { createInflateRaw } from 'node:zlib';
import { type Entry, openPromise } from 'yauzl';
import { extendCrc32 } from '../../src/foundation/crc32.js';
import { PxvError } from '../../src/foundation/errors.js';
import { unpackedPieces, wrongFile } from '../read-file.js';

/** Array of unsigned bytes in an .npz file, which is a ZIP file of .npy files. */
export interface NpzBytes {
  /** Path of the .npz file. */
  path: string;
  /** Length of each axis. */
  shape: number[];
  /** Position of the first value in the file, in bytes; null if the array is compressed. */
  offset: number | null;
  /**
   * Calls `write` with the decompressed values in order, in chunks.
   * @throws {PxvError} INPUT after the last chunk, if the checksum does not match
   */
  read(write: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

/** Member of a ZIP file. */
interface Member {
  entry: Entry;
  /** Position of its first byte in the file. */
  offset: number;
}

const DEFLATED = 8;
const PIECE_BYTES = 1 << 20;
/** Number of members that an error lists. */
const LISTED = 10;

/**
 * Opens an array of an .npz file without reading its values. No pickle is ever read.
 * @throws {PxvError} INPUT if the file is no .npz file, lacks the array, or the array is not of unsigned bytes in C
 *   order
 */
export async function openNpzBytes(path: string, name: string): Promise<NpzBytes> {
  const member = await findMember(path, `${name}.npy`).catch(damaged(path));
  const { uncompressedSize, compressionMethod } = member.entry;
  const { headerBytes, shape } = npyHeader(await firstPiece(path, member).catch(damaged(path)), path);
  const values = shape.reduce((product, length) => product * length, 1);
  if (headerBytes + values !== uncompressedSize) {
    throw wrongFile(path, `${values} bytes for the shape ${shape.join(' x ')}`, `${uncompressedSize - headerBytes}`);
  }
  return {
    path,
    shape,
    offset: compressionMethod === DEFLATED ? null : member.offset + headerBytes,
    read: (write) => readValues(path, member, headerBytes, write),
  };
}

async function findMember(path: string, name: string): Promise<Member> {
  const zip = await openPromise(path, { autoClose: false });
  try {
    const names: string[] = [];
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName === name) {
        if (!entry.canDecodeFileData()) throw wrongFile(path, 'members stored or deflated', 'another form');
        const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
        return { entry, offset: fileDataStart };
      }
      if (names.length < LISTED) names.push(entry.fileName);
    }
    throw wrongFile(path, `an array ${name}`, names.join(', ') || 'no array');
  } finally {
    zip.close();
  }
}

/** Yields the bytes of a member, unpacked. Chunks are larger, and so faster, than those of yauzl. */
async function* piecesOf(path: string, { entry, offset }: Member): AsyncGenerator<Buffer, void> {
  const { compressedSize, compressionMethod } = entry;
  if (compressedSize === 0) return;
  const end = offset + compressedSize - 1;
  const packed = createReadStream(path, { start: offset, end, highWaterMark: PIECE_BYTES });
  if (compressionMethod === DEFLATED) yield* unpackedPieces(packed, createInflateRaw({ chunkSize: PIECE_BYTES }));
  else yield* packed as AsyncIterable<Buffer>;
}

async function firstPiece(path: string, member: Member): Promise<Buffer> {
  for await (const piece of piecesOf(path, member)) return piece;
  return Buffer.alloc(0);
}

/**
 * Parses the header of an .npy file (numpy/lib/format.py): magic, version, header length, and the header as a Python
 * dict.
 */
function npyHeader(bytes: Buffer, path: string): { headerBytes: number; shape: number[] } {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw wrongFile(path, 'an .npy array', 'something else');
  const version = bytes[6];
  const at = version === 1 ? 10 : 12;
  const headerBytes = at + (version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  const header = bytes.toString('latin1', at, headerBytes);
  const [, type] = /'descr': '([^']*)'/.exec(header) ?? [];
  if (type !== '|u1') {
    throw wrongFile(path, 'an array of unsigned bytes', type?.includes('O') ? 'pickled objects' : `the type ${type}`);
  }
  const [, shape] = /'shape': \(([\d, ]*)\)/.exec(header) ?? [];
  if (shape === undefined || !header.includes("'fortran_order': False")) {
    throw wrongFile(path, 'an array in C order', header.trim());
  }
  return {
    headerBytes,
    shape: shape
      .split(',')
      .filter((part) => part.trim() !== '')
      .map(Number),
  };
}

async function readValues(
  path: string,
  member: Member,
  headerBytes: number,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { fileName, uncompressedSize, crc32 } = member.entry;
  let done = 0;
  let sum = 0;
  try {
    for await (const piece of piecesOf(path, member)) {
      const behindHeader = Math.min(piece.length, Math.max(0, headerBytes - done));
      done += piece.length;
      sum = extendCrc32(sum, piece);
      if (done > uncompressedSize) throw wrongFile(path, `${uncompressedSize} bytes once unpacked`, 'more');
      await write(piece.subarray(behindHeader));
    }
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code?.startsWith('Z_') ? damaged(path)(cause as Error) : cause;
  }
  if (done !== uncompressedSize) throw wrongFile(path, `${uncompressedSize} bytes once unpacked`, `${done}`);
  if (sum !== crc32) throw wrongFile(path, `${fileName} with the CRC-32 ${hexadecimal(crc32)}`, hexadecimal(sum));
}

function hexadecimal(word: number): string {
  return word.toString(16).padStart(8, '0');
}

/** Returns a handler that throws an error of the system or a library as an INPUT error of the file. */
function damaged(path: string) {
  return (cause: Error): never => {
    if (cause instanceof PxvError) throw cause;
    throw wrongFile(path, 'a whole .npz file', `one that is damaged (${cause.message})`, { cause });
  };
}
