import { createReadStream } from 'node:fs';
import { wrongFile } from '../read-file.js';

const ZERO = 48;
const ONE = 49;
const SPACE = 32;
const RETURN = 13;
const NEWLINE = 10;

/**
 * Reads images from text (.amat): one image per line, its pixels as digits 0 and 1 separated by spaces.
 * @param pixels number of pixels of an image
 * @returns pixels of all images, as bytes of 0 and 255
 * @throws PxvError `INPUT` if the file cannot be read, is invalid, or has no image
 */
export function readAmat(path: string, pixels: number): Promise<Uint8Array> {
  return parseAmat(createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>, path, pixels);
}

/**
 * Parses the bytes of a text of images: see `readAmat`.
 * @param chunks bytes of the text, in order
 * @param path name of the file in errors
 */
export async function parseAmat(chunks: AsyncIterable<Uint8Array>, path: string, pixels: number): Promise<Uint8Array> {
  let data = new Uint8Array(10_000 * pixels);
  let length = 0;
  let line = 1;
  let onLine = 0;
  const endLine = () => {
    if (onLine !== 0 && onLine !== pixels)
      throw wrongFile(path, `${pixels} digits a line`, `${onLine} in line ${line}`);
    onLine = 0;
    line += 1;
  };
  try {
    for await (const chunk of chunks) {
      for (const code of chunk) {
        if (code === ZERO || code === ONE) {
          if (onLine === pixels) throw wrongFile(path, `${pixels} digits a line`, `more in line ${line}`);
          if (length === data.length) {
            const larger = new Uint8Array(2 * length);
            larger.set(data);
            data = larger;
          }
          data[length++] = code === ONE ? 255 : 0;
          onLine += 1;
        } else if (code === NEWLINE) endLine();
        else if (code !== SPACE && code !== RETURN) {
          throw wrongFile(path, 'digits 0 and 1 with spaces between them', `byte ${code} in line ${line}`);
        }
      }
    }
  } catch (cause) {
    const { syscall, message } = cause as NodeJS.ErrnoException;
    throw syscall === undefined ? cause : wrongFile(path, 'a readable file', message, { cause });
  }
  endLine();
  if (length === 0) throw wrongFile(path, 'at least one image', 'none');
  return data.subarray(0, length);
}
