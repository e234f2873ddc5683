import type { RefuseFile } from '../../src/foundation/npy.js';
import { listNpzMembers, readNpzHeader, readNpzMember, type NpzMember } from '../../src/foundation/npz.js';
import { wrongFile } from '../read-file.js';

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
   * @throws PxvError `INPUT` after the last chunk, if the checksum does not match
   */
  read(write: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

/** Number of members that an error lists. */
const LISTED = 10;

/**
 * Opens an array of an .npz file without reading its values. No pickle is ever read.
 * @param name name of the array in the file, without `.npy`
 * @throws PxvError `INPUT` if the file is no .npz file, lacks the array, or the array is not of unsigned bytes in C
 *   order
 */
export async function openNpzBytes(path: string, name: string): Promise<NpzBytes> {
  const refuse: RefuseFile = (...problem) => wrongFile(path, ...problem);
  const members = await listNpzMembers(path, refuse);
  const member = members.find((one) => one.name === `${name}.npy`);
  if (member === undefined) {
    const names = members.slice(0, LISTED).map((one) => one.name);
    throw refuse(`an array ${name}.npy`, names.join(', ') || 'no array');
  }
  const { headerBytes, shape } = await bytesHeader(path, member, refuse);
  const values = shape.reduce((product, length) => product * length, 1);
  if (headerBytes + values !== member.bytes)
    throw refuse(`${values} bytes for the shape ${shape.join(' x ')}`, `${member.bytes - headerBytes}`);
  return {
    path,
    shape,
    offset: member.isDeflated ? null : member.offset + headerBytes,
    async read(write) {
      let done = 0;
      for await (const piece of readNpzMember(path, member, refuse)) {
        const behindHeader = Math.min(piece.length, Math.max(0, headerBytes - done));
        done += piece.length;
        await write(piece.subarray(behindHeader));
      }
    },
  };
}

/** Returns the header of an array of unsigned bytes in C order. @throws the error of `refuse` for another array */
async function bytesHeader(path: string, member: NpzMember, refuse: RefuseFile) {
  const header = await readNpzHeader(path, member, refuse);
  if (header === null) throw refuse('an .npy array', 'something else');
  const { type, isFortranOrder } = header;
  if (type !== '|u1')
    throw refuse('an array of unsigned bytes', type.includes('O') ? 'pickled objects' : `the type ${type}`);
  if (isFortranOrder) throw refuse('an array in C order', 'Fortran order');
  return header;
}
