import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { Frame, Size } from '../foundation/frame.js';
import type { PlacementOptions } from '../foundation/placement-options.js';
import { writeAtomically } from '../foundation/write-file.js';
import { Canvas, type Colour } from './canvas.js';
import { addSoftwareTag } from './software-tag.js';
import { fitTextSize, chooseFittingText, SMALLEST_TEXT, textHeight } from './text.js';

export interface ContactSheetOptions {
  /** Frames in a row; default: as many as there are rows, about. */
  columns?: number;
  /** Screen pixels for one pixel, an integer; default 1. */
  scale?: number;
  /** A line of text under each frame, left out where it is wider than that. */
  labels?: readonly string[];
}

const gap = 2;
const background: Colour = [32, 32, 32];
const ink: Colour = [224, 224, 224];

/** Draws frames, row by row, into one picture. @param frames at least one; all of one size */
export async function contactSheet(frames: readonly Frame[], options: ContactSheetOptions = {}): Promise<Frame> {
  const { columns = Math.ceil(Math.sqrt(frames.length)), scale = 1, labels } = options;
  const [tileWidth, tileHeight] = [frames[0].width * scale, frames[0].height * scale];
  const letters = labels ? lettersFor(labels, tileWidth) : 0;
  const labelHeight = labels ? textHeight(letters) : 0;
  const rows = Math.ceil(frames.length / columns);
  const width = columns * (tileWidth + gap) + gap;
  const height = rows * (tileHeight + labelHeight + gap) + gap;
  const canvas = new Canvas(width, height, frames[0].channels, background);

  for (const [index, frame] of frames.entries()) {
    const left = gap + (index % columns) * (tileWidth + gap);
    const top = gap + Math.floor(index / columns) * (tileHeight + labelHeight + gap);
    canvas.paste(frame, left, top, scale);
    const label = chooseFittingText([labels?.[index] ?? ''], letters, tileWidth);
    if (label) await canvas.write(label, left, top + tileHeight, letters, ink);
  }
  return canvas;
}

/** The rows of a sheet, without what is written below them. @param rows how many it has @param tile size of a frame on it */
export function cutSheetRows({ width, height, channels, data }: Frame, rows: number, tile: Size): Frame[] {
  const row = { width: width - 2 * gap, height: tile.height };
  return Array.from({ length: rows }, (_, index) => {
    const top = gap + Math.round((index * (height - gap)) / rows);
    const cut = new Uint8Array(row.width * row.height * channels);
    for (let y = 0; y < row.height; y++) {
      const from = ((top + y) * width + gap) * channels;
      cut.set(data.subarray(from, from + row.width * channels), y * row.width * channels);
    }
    return { ...row, channels, data: cut };
  });
}

/** One size for all labels: such that the widest fits its tile, where that can be read. */
function lettersFor(labels: readonly string[], tileWidth: number): number {
  const most = Math.min(Math.max(Math.round(4 + tileWidth / 14), SMALLEST_TEXT), 18);
  return Math.min(most, ...labels.map((label) => fitTextSize([label], most, tileWidth)));
}

/** A frame as the bytes of a PNG file, which says that it was written here. */
export async function encodePng({ width, height, channels, data }: Frame): Promise<Uint8Array> {
  return addSoftwareTag(await sharp(data, { raw: { width, height, channels } }).png().toBuffer());
}

/**
 * Writes a frame as a PNG file, whole or not at all.
 * @returns its size in bytes
 * @throws {PxvError} OUTPUT where it cannot be written.
 */
export async function writePng(path: string, frame: Frame, placing?: PlacementOptions): Promise<number> {
  const png = await encodePng(frame);
  await writeAtomically(path, (temporary) => writeFile(temporary, png), placing);
  return png.length;
}
