import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, type Font, type Glyph } from 'fontkitten';
import type { Size } from '../foundation/frame.js';
import { loadSharp } from '../foundation/load-sharp.js';
import { packageFolder } from '../foundation/package-folder.js';

/** Mask of a line of text: coverage of each pixel, `height x width` values from 0 to 255. */
export interface TextMask extends Size {
  coverage: Uint8Array;
}

/** Smallest legible text size: 8 pixels of the em square. */
export const SMALLEST_TEXT = 8;

/** Line height and baseline position from the top of a line, as fractions of the text size. */
const LINE = 1.25;
const BASELINE = 0.95;

let loaded: Font | undefined;

/**
 * Returns the font B612, designed for small text on screens. It ships with pxv, so that text is the same on every
 * machine.
 */
function font(): Font {
  if (loaded) return loaded;
  const path = join(packageFolder(), 'src', 'video', 'font', 'B612-Regular.ttf');
  const read = create(readFileSync(path));
  if (read.isCollection) throw new TypeError(`${path} holds several fonts`);
  return (loaded = read);
}

/** Returns the width in pixels of a line of text, rounded up. @param size text size: pixels of the em square */
export function textWidth(text: string, size: number): number {
  const advance = glyphs(text).reduce((sum, glyph) => sum + glyph.advanceWidth, 0);
  return Math.ceil((advance * size) / font().unitsPerEm);
}

/** Returns the height in pixels of a line of text, rounded up. @param size text size: pixels of the em square */
export function textHeight(size: number): number {
  return Math.ceil(LINE * size);
}

/**
 * Returns the first of `texts` that is at most `width` pixels wide; null if none fits.
 * @param size text size: pixels of the em square
 */
export function chooseFittingText(texts: readonly string[], size: number, width: number): string | null {
  return texts.find((text) => textWidth(text, size) <= width) ?? null;
}

/**
 * Returns the largest text size, at most `size`, at which `text` is at most `width` pixels wide. Returns the smallest
 * legible size, 8, if it fits at none. Text sizes are pixels of the em square.
 */
export function fitTextSize(text: string, size: number, width: number): number {
  let fitting = Math.max(size, SMALLEST_TEXT);
  while (fitting > SMALLEST_TEXT && textWidth(text, fitting) > width) fitting--;
  return fitting;
}

/** Cache of letter masks by text size, glyph and sub-pixel offset, since the same letters recur in every frame. */
const drawn = new Map<string, Promise<TextMask>>();
/** Maximum number of cached letter masks. */
const MAX_CACHED = 1024;
/** Number of sub-pixel offsets at which a letter may begin. */
const PARTS = 16;

/**
 * Draws a line of text as a mask, in the font that ships with pxv. A letter that the font lacks becomes a box.
 * @param size pixels of the em square, a whole number
 */
export async function drawText(text: string, size: number): Promise<TextMask> {
  const width = Math.max(1, textWidth(text, size));
  const height = textHeight(size);
  const coverage = new Uint8Array(width * height);
  let pen = 0;
  for (const glyph of glyphs(text)) {
    const place = Math.round(pen * PARTS);
    const letter = await letterMask(glyph, size, place % PARTS);
    const left = Math.floor(place / PARTS) - size;
    for (let at = 0; at < letter.coverage.length; at++) {
      const x = left + (at % letter.width);
      if (letter.coverage[at] === 0 || x < 0 || x >= width) continue;
      const to = Math.floor(at / letter.width) * width + x;
      coverage[to] = Math.min(255, coverage[to] + letter.coverage[at]);
    }
    pen += (glyph.advanceWidth * size) / font().unitsPerEm;
  }
  return { width, height, coverage };
}

/**
 * Returns the cached mask of a letter, with margins of `size` pixels left and right, since letters may overlap their
 * neighbours.
 */
function letterMask(glyph: Glyph, size: number, part: number): Promise<TextMask> {
  const key = `${size} ${part} ${glyph.id}`;
  const known = drawn.get(key);
  if (known !== undefined) return known;
  if (drawn.size >= MAX_CACHED) drawn.clear();
  const mask = drawLetter(glyph, size, part);
  drawn.set(key, mask);
  return mask;
}

async function drawLetter(glyph: Glyph, size: number, part: number): Promise<TextMask> {
  const scale = size / font().unitsPerEm;
  const width = 2 * size + Math.ceil(glyph.advanceWidth * scale) + 1;
  const height = textHeight(size);
  const place = `matrix(${scale} 0 0 ${-scale} ${size + part / PARTS} ${Math.round(BASELINE * size)})`;
  const path = `<path transform="${place}" d="${glyph.path.toSVG()}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${path}</svg>`;
  const sharp = await loadSharp();
  // sharp fills outlines without an installed font.
  const coverage = await sharp(Buffer.from(svg)).ensureAlpha().extractChannel('alpha').raw().toBuffer();
  return { width, height, coverage };
}

function glyphs(text: string): Glyph[] {
  return font().glyphsForString(text);
}
