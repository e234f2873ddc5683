import { writeFile } from 'node:fs/promises';
import type { Frame, Size } from '../foundation/frame.js';
import { loadSharp } from '../foundation/load-sharp.js';
import type { PlacementOptions } from '../foundation/placement-options.js';
import { writeAtomically } from '../foundation/write-file.js';
import { Canvas, type Colour } from './canvas.js';
import { addSoftwareTag } from './software-tag.js';
import { fitTextSize, chooseFittingText, SMALLEST_TEXT, textHeight } from './text.js';

/** Options for a contact sheet. */
export interface ContactSheetOptions {
  /** Frames per row. Default: the square root of the number of frames, rounded up. */
  columns?: number;
  /** Output pixels per pixel of a frame, an integer. Default: 1. */
  scale?: number;
  /** Text under each frame, by the frame's index; a text wider than the frame is omitted. Default: none. */
  labels?: readonly string[];
}

const gap = 2;
const background: Colour = [32, 32, 32];
const ink: Colour = [224, 224, 224];

/** Draws frames as a grid, row by row. @param frames at least one; all of one size and channels */
export async function drawContactSheet(frames: readonly Frame[], options: ContactSheetOptions = {}): Promise<Frame> {
  const { columns = Math.ceil(Math.sqrt(frames.length)), scale = 1, labels } = options;
  const tileWidth = frames[0].width * scale;
  const tileHeight = frames[0].height * scale;
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

/**
 * Cuts a contact sheet of `drawContactSheet` into its rows of frames, without the labels below the rows. Returns one
 * image for each row, from top to bottom. The gaps between the frames of a row remain.
 * @param rows number of rows
 * @param tile size of a frame on the sheet
 */
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

/**
 * Returns one text size for all labels: the largest at which each label fits its frame, or the smallest legible size.
 */
function lettersFor(labels: readonly string[], tileWidth: number): number {
  const most = Math.min(Math.max(Math.round(4 + tileWidth / 14), SMALLEST_TEXT), 18);
  return Math.min(most, ...labels.map((label) => fitTextSize(label, most, tileWidth)));
}

/** Returns `frame` encoded as a PNG file that is tagged as written by pxv. */
export async function encodePng({ width, height, channels, data }: Frame): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return addSoftwareTag(await sharp(data, { raw: { width, height, channels } }).png().toBuffer());
}

/**
 * Writes `frame` as a PNG file, atomically.
 * @returns size of the file in bytes
 * @throws PxvError `OUTPUT` if the file cannot be written
 */
export async function writePng(path: string, frame: Frame, placing?: PlacementOptions): Promise<number> {
  const png = await encodePng(frame);
  await writeAtomically(path, (temporary) => writeFile(temporary, png), placing);
  return png.length;
}
