import { open, stat } from 'node:fs/promises';

/** Where a PNG file's first chunk ends, IHDR, which each has: signature of 8 bytes, chunk of 25. */
const AFTER_HEADER = 33;

/** A tEXt chunk (PNG specification, 11.3.3.2) that says `Software: pxv`: its length, its type, its text and their CRC-32. */
const MARK = Buffer.from('0000000c74455874536f667477617265007078761fed7ae0', 'hex');

/** A PNG file that says of itself what wrote it. */
export function addSoftwareTag(png: Uint8Array): Uint8Array {
  return Buffer.concat([png.subarray(0, AFTER_HEADER), MARK, png.subarray(AFTER_HEADER)]);
}

/** Whether a file is a PNG file that was written here: a name alone does not tell one from somebody's own frames. */
export async function hasSoftwareTag(path: string): Promise<boolean> {
  // A pipe would be waited for without end.
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
