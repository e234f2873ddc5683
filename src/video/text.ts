import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, type Font, type Glyph } from 'fontkitten';
import sharp from 'sharp';
import type { Size } from '../foundation/frame.js';
import { packageFolder } from '../foundation/package-folder.js';

/** A line of text as a picture: how much of each pixel it covers, `height x width` values from 0 to 255. */
export interface TextMask extends Size {
  coverage: Uint8Array;
}

/** Size of letters, in pixels of their em square, below which they cannot be read. */
export const SMALLEST_TEXT = 8;

/** Parts of the size of letters, from the top of a line. */
const LINE = 1.25;
const BASELINE = 0.95;

let loaded: Font | undefined;

/** Reads B612, which was drawn for small letters on screens. It ships with pxv, so that letters are the same on every machine. */
function font(): Font {
  if (loaded) return loaded;
  const path = join(packageFolder(), 'src', 'video', 'font', 'B612-Regular.ttf');
  const read = create(readFileSync(path));
  if (read.isCollection) throw new TypeError(`${path} holds several fonts`);
  return (loaded = read);
}

/** Width of a line of text in pixels, rounded up. */
export function textWidth(text: string, size: number): number {
  const advance = glyphs(text).reduce((sum, glyph) => sum + glyph.advanceWidth, 0);
  return Math.ceil((advance * size) / font().unitsPerEm);
}

/** Height of a line of text in pixels. */
export function textHeight(size: number): number {
  return Math.ceil(LINE * size);
}

/** The first of some texts that is no wider than `width` pixels; null where none is. */
export function chooseFittingText(texts: readonly string[], size: number, width: number): string | null {
  return texts.find((text) => textWidth(text, size) <= width) ?? null;
}

/** The largest size, from `size` down to the smallest that can be read, at which all texts are no wider than `width` pixels. */
export function fitTextSize(texts: readonly string[], size: number, width: number): number {
  let fitting = Math.max(size, SMALLEST_TEXT);
  while (fitting > SMALLEST_TEXT && chooseFittingText(texts, fitting, width) === null) fitting--;
  return fitting;
}

/** What letters cover, by the size, the glyph and the part of a pixel at which it begins: lines are made of few, and come again in every frame. */
const drawn = new Map<string, Promise<TextMask>>();
/** Letters that are kept: sizes are few, but a long film may have many in its names. */
const MOST_DRAWN = 1024;
/** Parts of a pixel at which a letter may begin. */
const PARTS = 16;

/**
 * A line of text. Its outlines are filled by sharp, which needs no font for that; where the font has no sign for a
 * letter, a box stands for it.
 * @param size of its letters, in pixels
 */
export async function drawText(text: string, size: number): Promise<TextMask> {
  const [width, height] = [Math.max(1, textWidth(text, size)), textHeight(size)];
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

/** What a letter covers, with room for so many pixels on its left and right as its size has: it may reach over its neighbours. */
function letterMask(glyph: Glyph, size: number, part: number): Promise<TextMask> {
  const key = `${size} ${part} ${glyph.id}`;
  const known = drawn.get(key);
  if (known !== undefined) return known;
  if (drawn.size >= MOST_DRAWN) drawn.clear();
  const mask = drawLetter(glyph, size, part);
  drawn.set(key, mask);
  return mask;
}

async function drawLetter(glyph: Glyph, size: number, part: number): Promise<TextMask> {
  const scale = size / font().unitsPerEm;
  const [width, height] = [2 * size + Math.ceil(glyph.advanceWidth * scale) + 1, textHeight(size)];
  const place = `matrix(${scale} 0 0 ${-scale} ${size + part / PARTS} ${Math.round(BASELINE * size)})`;
  const path = `<path transform="${place}" d="${glyph.path.toSVG()}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${path}</svg>`;
  const coverage = await sharp(Buffer.from(svg)).ensureAlpha().extractChannel('alpha').raw().toBuffer();
  return { width, height, coverage };
}

function glyphs(text: string): Glyph[] {
  return font().glyphsForString(text);
}
