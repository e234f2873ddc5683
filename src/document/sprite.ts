import type { Frame } from '../foundation/frame.js';
import { loadSharp } from '../foundation/load-sharp.js';

/**
 * Encodes frames as a lossless sprite sheet, so that a page shows one frame after another by moving the image. WebP
 * takes about two thirds of PNG's bytes.
 * @param frames at least one, all of one size and channels
 * @returns the image as a `data:` URI, and the numbers of frames in a row and of rows; the last may be incomplete
 */
export async function encodeSprite(frames: readonly Frame[]) {
  const { width, height, channels } = frames[0];
  const columns = Math.ceil(Math.sqrt(frames.length));
  const rows = Math.ceil(frames.length / columns);
  const line = width * channels;
  const data = new Uint8Array(columns * rows * height * line);
  for (const [index, frame] of frames.entries()) {
    const left = (index % columns) * line;
    const top = Math.floor(index / columns) * height;
    for (let y = 0; y < height; y++)
      data.set(frame.data.subarray(y * line, (y + 1) * line), (top + y) * columns * line + left);
  }
  const raw = { width: columns * width, height: rows * height, channels };
  const sharp = await loadSharp();
  const webp = await sharp(data, { raw }).webp({ lossless: true, effort: 5 }).toBuffer();
  return { uri: `data:image/webp;base64,${webp.toString('base64')}`, columns, rows };
}
