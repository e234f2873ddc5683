import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { constants, createInflateRaw } from 'node:zlib';
import { numberOf } from '../../src/foundation/number-of.js';
import { unpackedPieces, wrongFile } from '../read-file.js';
import { crc32 } from './crc32.js';

/** An array of unsigned bytes in an .npz file, which is a ZIP file of .npy files. */
export interface NpzBytes {
  path: string;
  shape: number[];
  /** Where the first value stands in the file; null where the array is packed and must be unpacked. */
  offset: number | null;
  /**
   * The values in order, in pieces, unpacked where they are packed.
   *
   * @throws {PxvError} INPUT, once all are read, where they have not the checksum that the file says
   */
  read(write: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

interface Member {
  name: string;
  crc: number;
  /** Where its bytes begin in the file. */
  offset: number;
  packedBytes: number;
  bytes: number;
  deflated: boolean;
}

const STORED = 0;
const DEFLATED = 8;
const LARGEST_32 = 0xffff_ffff;
/** A header of an .npy file takes 128 bytes where numpy wrote it. */
const NPY_HEADER = 1024;

/**
 * Finds an array of an .npz file without reading its values.
 *
 * @throws {PxvError} INPUT where the file is no .npz file, lacks the array, or has it in a form other than unsigned
 * bytes in C order: no pickle is ever read.
 */
export async function openNpzBytes(path: string, name: string): Promise<NpzBytes> {
  const file = await open(path, 'r').catch((cause: Error) => {
    throw wrongFile(path, 'a readable file', cause.message, { cause });
  });
  try {
    const member = await findMember(file, path, `${name}.npy`);
    const { headerBytes, shape } = npyHeader(await beginning(file, path, member), path);
    const values = shape.reduce((product, length) => product * length, 1);
    if (headerBytes + values !== member.bytes) {
      throw wrongFile(path, `${values} bytes for the shape ${shape.join(' x ')}`, `${member.bytes - headerBytes}`);
    }
    return {
      path,
      shape,
      offset: member.deflated ? null : member.offset + headerBytes,
      read: (write) => readValues(path, member, headerBytes, write),
    };
  } finally {
    await file.close();
  }
}

/** ZIP, as in PKWARE's APPNOTE.TXT 6.3, section 4.3: the directory at the end says where each member begins. */
async function findMember(file: FileHandle, path: string, name: string): Promise<Member> {
  const { size } = await file.stat();
  const tail = await bytesAt(file, path, Math.max(0, size - 65_557), Math.min(size, 65_557));
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0 || end + 22 > tail.length) throw wrongFile(path, 'a whole .npz file', 'a file without a ZIP directory');
  let entries = tail.readUInt16LE(end + 10);
  let length = tail.readUInt32LE(end + 12);
  let start = tail.readUInt32LE(end + 16);
  if (end >= 20 && tail.toString('latin1', end - 20, end - 16) === 'PK\x06\x07') {
    const large = await bytesAt(file, path, Number(tail.readBigUInt64LE(end - 12)), 56);
    entries = Number(large.readBigUInt64LE(32));
    length = Number(large.readBigUInt64LE(40));
    start = Number(large.readBigUInt64LE(48));
  }
  if (length > 2 ** 20) throw wrongFile(path, 'a ZIP directory of a few arrays', `one of ${length} bytes`);
  const directory = await bytesAt(file, path, start, length);
  const names: string[] = [];
  for (let entry = 0, at = 0; entry < entries; entry++) {
    if (directory.toString('latin1', at, at + 4) !== 'PK\x01\x02' || at + 46 > length) {
      throw wrongFile(path, `a ZIP directory of ${numberOf(entries, 'entry', 'entries')}`, `${entry}`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field));
    const extraAt = at + 46 + nameLength;
    const found = directory.toString('utf8', at + 46, extraAt);
    names.push(found);
    if (found === name) return memberAt(file, path, name, directory.subarray(at, extraAt + extraLength));
    at = extraAt + extraLength + commentLength;
  }
  throw wrongFile(path, `an array ${name}`, names.join(', ') || 'no array');
}

/** @param entry of the directory, up to the end of its extra fields */
async function memberAt(file: FileHandle, path: string, name: string, entry: Buffer): Promise<Member> {
  const method = entry.readUInt16LE(10);
  if (method !== STORED && method !== DEFLATED) throw wrongFile(path, 'members stored or deflated', `method ${method}`);
  const sizes = [entry.readUInt32LE(24), entry.readUInt32LE(20), entry.readUInt32LE(42)];
  // In ZIP64 the fields that do not fit in 4 bytes follow one another in the extra field 1.
  for (let at = 46 + entry.readUInt16LE(28); at + 4 <= entry.length; at += 4 + entry.readUInt16LE(at + 2)) {
    if (entry.readUInt16LE(at) !== 1) continue;
    let value = at + 4;
    for (const [i, size] of sizes.entries()) {
      if (size !== LARGEST_32 || value + 8 > entry.length) continue;
      sizes[i] = Number(entry.readBigUInt64LE(value));
      value += 8;
    }
  }
  const [bytes, packedBytes, header] = sizes;
  const local = await bytesAt(file, path, header, 30);
  if (local.toString('latin1', 0, 4) !== 'PK\x03\x04') throw wrongFile(path, `a member at byte ${header}`, 'none');
  const offset = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  return { name, crc: entry.readUInt32LE(16), offset, packedBytes, bytes, deflated: method === DEFLATED };
}

/** The first bytes of a member, unpacked. */
async function beginning(file: FileHandle, path: string, { offset, packedBytes, deflated }: Member): Promise<Buffer> {
  const raw = await bytesAt(file, path, offset, Math.min(packedBytes, deflated ? 4 * NPY_HEADER : NPY_HEADER));
  if (!deflated) return raw;
  // What is cut off here ends without an error, and what holds nothing ends at all.
  const inflate = createInflateRaw({ chunkSize: NPY_HEADER, finishFlush: constants.Z_SYNC_FLUSH });
  inflate.end(raw);
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) return chunk;
  } catch (cause) {
    throw damaged(path, cause as Error);
  }
  return Buffer.alloc(0);
}

/** numpy/lib/format.py: magic, version, length of the header, and the header as a Python dict. */
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
  { name, crc, offset, packedBytes, bytes, deflated }: Member,
  headerBytes: number,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const packed = createReadStream(path, { start: offset, end: offset + packedBytes - 1, highWaterMark: 1 << 20 });
  let done = 0;
  let sum = 0;
  try {
    const pieces = deflated ? unpackedPieces(packed, createInflateRaw({ chunkSize: 1 << 20 })) : packed;
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      const behindHeader = Math.min(piece.length, Math.max(0, headerBytes - done));
      done += piece.length;
      sum = crc32(piece, sum);
      if (done > bytes) throw wrongFile(path, `${bytes} bytes once unpacked`, 'more');
      await write(piece.subarray(behindHeader));
    }
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code?.startsWith('Z_') ? damaged(path, cause as Error) : cause;
  }
  if (done !== bytes) throw wrongFile(path, `${bytes} bytes once unpacked`, `${done}`);
  if (sum !== crc) throw wrongFile(path, `${name} with the CRC-32 ${hexadecimal(crc)}`, hexadecimal(sum));
}

function hexadecimal(word: number): string {
  return word.toString(16).padStart(8, '0');
}

async function bytesAt(file: FileHandle, path: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position).catch((cause: Error) => {
    throw wrongFile(path, 'a whole .npz file', cause.message, { cause });
  });
  if (bytesRead < length) throw wrongFile(path, 'a whole .npz file', 'one that was cut off');
  return buffer;
}

function damaged(path: string, cause: Error) {
  return wrongFile(path, 'a whole .npz file', `one that is damaged (${cause.message})`, { cause });
}
