import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { PxvError } from '../errors.js';
import type { Frame } from '../frame.js';
import { writeAtomically } from './atomic-output.js';
import { enlarge } from './enlarge.js';
import { eachTextPixel, glyphHeight } from './pixel-font.js';

export interface ContactSheetOptions {
  /** Frames in a row; default: as many as there are rows, about. */
  columns?: number;
  /** Screen pixels for one pixel, an integer; default 1. */
  scale?: number;
  /** A line of text under each frame, cut off at its width. */
  labels?: readonly string[];
}

const gap = 2;
const background = 32;
const ink = 224;

/**
 * Draws frames, row by row, into one picture.
 *
 * @param frames At least one; all of one size.
 * @throws {PxvError} OUTPUT where there is no frame or sizes differ.
 */
export function contactSheet(frames: readonly Frame[], options: ContactSheetOptions = {}): Frame {
  const { columns = Math.ceil(Math.sqrt(frames.length)), scale = 1, labels } = options;
  const [first] = frames;
  if (!first) throw cannotDraw('at least one frame', 'none');
  const { channels } = first;
  const letterScale = Math.max(1, Math.floor(scale / 2));
  const tileWidth = first.width * scale;
  const tileHeight = first.height * scale;
  const labelHeight = labels ? (glyphHeight + 2) * letterScale : 0;
  const rows = Math.ceil(frames.length / columns);
  const width = columns * (tileWidth + gap) + gap;
  const height = rows * (tileHeight + labelHeight + gap) + gap;
  const data = new Uint8Array(width * height * channels).fill(background);

  for (const [index, frame] of frames.entries()) {
    if (frame.width !== first.width || frame.height !== first.height || frame.channels !== channels) {
      throw cannotDraw(
        `frames of ${first.width}x${first.height}x${channels}`,
        `${frame.width}x${frame.height}x${frame.channels}`,
      );
    }
    const left = gap + (index % columns) * (tileWidth + gap);
    const top = gap + Math.floor(index / columns) * (tileHeight + labelHeight + gap);
    const tile = enlarge(frame, scale).data;
    const tileRow = tileWidth * channels;
    for (let y = 0; y < tileHeight; y++) {
      data.set(tile.subarray(y * tileRow, (y + 1) * tileRow), ((top + y) * width + left) * channels);
    }
    eachTextPixel(labels?.[index] ?? '', (x, y) => {
      if ((x + 1) * letterScale > tileWidth) return;
      for (let dy = 0; dy < letterScale; dy++) {
        const line = top + tileHeight + (y + 1) * letterScale + dy;
        const start = (line * width + left + x * letterScale) * channels;
        data.fill(ink, start, start + letterScale * channels);
      }
    });
  }
  return { width, height, channels, data };
}

/** A frame as the bytes of a PNG file. */
export function encodePng({ width, height, channels, data }: Frame): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } }).png().toBuffer();
}

/**
 * Writes a frame as a PNG file, whole or not at all.
 *
 * @throws {PxvError} OUTPUT where it cannot be written.
 */
export async function writePng(path: string, frame: Frame): Promise<void> {
  const png = await encodePng(frame);
  await writeAtomically(path, (temporary) => writeFile(temporary, png));
}

function cannotDraw(expected: string, received: string): PxvError {
  return new PxvError({
    code: 'OUTPUT',
    operation: 'draw contact sheet',
    argument: 'frames',
    expected,
    received,
    remedy: 'give frames of one clip',
  });
}
