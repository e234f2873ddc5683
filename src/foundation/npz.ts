import { createReadStream } from 'node:fs';
import { createInflateRaw } from 'node:zlib';
import { extendCrc32 } from './crc32.js';
import { damagedError, parseNpyHeader, type NpyHeader, type RefuseFile } from './npy.js';
import { unpackedPieces } from './unpack.js';

/** Array in an .npz file, which is a ZIP file of .npy files. */
export interface NpzMember {
  /** Name in the ZIP file, such as `data.npy`. */
  name: string;
  /** Position of the member's first byte in the file. */
  offset: number;
  /** Length in the file, in bytes. */
  packedBytes: number;
  /** Length once unpacked, in bytes. */
  bytes: number;
  /** True if deflated; false if stored as it is. */
  isDeflated: boolean;
  /** CRC-32 of the unpacked bytes. */
  crc32: number;
}

const DEFLATED = 8;
const PIECE_BYTES = 1 << 20;

/** Returns the members of an .npz file, in the file's order. @throws the error of `refuse` if the file is damaged */
export async function listNpzMembers(path: string, refuse: RefuseFile): Promise<NpzMember[]> {
  // Loaded when a file is first read: commands without one start 0.04 s sooner.
  const { openPromise } = await import('yauzl');
  const members: NpzMember[] = [];
  try {
    const zip = await openPromise(path, { autoClose: false });
    try {
      for await (const entry of zip.eachEntry()) {
        if (!entry.canDecodeFileData()) throw refuse('members stored or deflated', 'another form');
        const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
        members.push({
          name: entry.fileName,
          offset: fileDataStart,
          packedBytes: entry.compressedSize,
          bytes: entry.uncompressedSize,
          isDeflated: entry.compressionMethod === DEFLATED,
          crc32: entry.crc32,
        });
      }
    } finally {
      zip.close();
    }
  } catch (cause) {
    throw damagedError('.npz', cause, refuse);
  }
  return members;
}

/**
 * Returns the header of a member; null if the member is no .npy file.
 * @throws the error of `refuse` if the member is damaged before its header ends, or its shape is impossible
 */
export async function readNpzHeader(path: string, member: NpzMember, refuse: RefuseFile): Promise<NpyHeader | null> {
  for await (const piece of readNpzMember(path, member, refuse)) return parseNpyHeader(piece, refuse);
  return null;
}

/**
 * Yields the bytes of a member, unpacked. Chunks are larger, and so faster, than those of yauzl.
 * @throws the error of `refuse` if the member is damaged; after the last chunk, if length or checksum do not match
 */
export async function* readNpzMember(
  path: string,
  member: NpzMember,
  refuse: RefuseFile,
): AsyncGenerator<Buffer, void> {
  let done = 0;
  let sum = 0;
  try {
    for await (const piece of piecesOf(path, member)) {
      done += piece.length;
      sum = extendCrc32(sum, piece);
      if (done > member.bytes) throw refuse(`${member.bytes} bytes once unpacked`, 'more');
      yield piece;
    }
  } catch (cause) {
    throw damagedError('.npz', cause, refuse);
  }
  if (done !== member.bytes) throw refuse(`${member.bytes} bytes once unpacked`, `${done}`);
  if (sum !== member.crc32)
    throw refuse(`${member.name} with the CRC-32 ${hexadecimal(member.crc32)}`, hexadecimal(sum));
}

async function* piecesOf(path: string, { offset, packedBytes, isDeflated }: NpzMember): AsyncGenerator<Buffer, void> {
  if (packedBytes === 0) return;
  const packed = createReadStream(path, { start: offset, end: offset + packedBytes - 1, highWaterMark: PIECE_BYTES });
  if (isDeflated) yield* unpackedPieces(packed, createInflateRaw({ chunkSize: PIECE_BYTES }));
  else yield* packed as AsyncIterable<Buffer>;
}

function hexadecimal(word: number): string {
  return word.toString(16).padStart(8, '0');
}
