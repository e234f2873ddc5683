import { open, stat } from 'node:fs/promises';

/** Position in bytes after a PNG file's first chunk, IHDR: signature of 8 bytes, chunk of 25. */
const AFTER_HEADER = 33;

/** tEXt chunk (PNG specification, 11.3.3.2) with `Software: pxv`: length, type, text and CRC-32. */
const MARK = Buffer.from('0000000c74455874536f667477617265007078761fed7ae0', 'hex');

/** Returns a PNG file with a tEXt chunk `Software: pxv` added after its header. */
export function addSoftwareTag(png: Uint8Array): Uint8Array {
  return Buffer.concat([png.subarray(0, AFTER_HEADER), MARK, png.subarray(AFTER_HEADER)]);
}

/**
 * Returns true if a file has the tag of `addSoftwareTag`, which tells frames that pxv wrote from a user's files.
 * Returns false if the file cannot be opened.
 */
export async function hasSoftwareTag(path: string): Promise<boolean> {
  // Reading a pipe would never end.
  const found = await stat(path).catch(() => null);
  const file = found?.isFile() ? await open(path, 'r').catch(() => null) : null;
  if (file === null) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MARK.length), 0, MARK.length, AFTER_HEADER);
    return bytesRead === MARK.length && buffer.equals(MARK);
  } finally {
    await file.close();
  }
}
