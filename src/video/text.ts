import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font, type Glyph } from 'fontkitten';
import sharp from 'sharp';
import type { Size } from '../foundation/frame.js';

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

/** B612 was drawn for small letters on screens; as a package it is the same on every machine, whatever fonts that has. */
function font(): Font {
  if (loaded) return loaded;
  const path = createRequire(import.meta.url).resolve('@fontsource/b612/files/b612-latin-400-normal.woff');
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
export function fittingText(texts: readonly string[], size: number, width: number): string | null {
  return texts.find((text) => textWidth(text, size) <= width) ?? null;
}

/** The largest size, from `size` down to the smallest that can be read, at which all texts are no wider than `width` pixels. */
export function fittingSize(texts: readonly string[], size: number, width: number): number {
  let fitting = Math.max(size, SMALLEST_TEXT);
  while (fitting > SMALLEST_TEXT && fittingText(texts, fitting, width) === null) fitting--;
  return fitting;
}

const drawn = new Map<string, TextMask>();
/** Labels come again in every frame, frame numbers never do. */
const MOST_DRAWN = 256;

/**
 * A line of text. Its outlines are filled by sharp, which needs no font for that; where the font has no sign for a
 * letter, a box stands for it.
 * @param size of its letters, in pixels
 */
export async function textMask(text: string, size: number): Promise<TextMask> {
  const key = `${size} ${text}`;
  const known = drawn.get(key);
  if (known) return known;
  if (drawn.size >= MOST_DRAWN) drawn.clear();
  const mask = await drawText(text, size);
  drawn.set(key, mask);
  return mask;
}

async function drawText(text: string, size: number): Promise<TextMask> {
  const [width, height] = [Math.max(1, textWidth(text, size)), textHeight(size)];
  const scale = size / font().unitsPerEm;
  const baseline = Math.round(BASELINE * size);
  let pen = 0;
  const paths = glyphs(text).map((glyph) => {
    const place = `matrix(${scale} 0 0 ${-scale} ${pen} ${baseline})`;
    pen += glyph.advanceWidth * scale;
    return `<path transform="${place}" d="${glyph.path.toSVG()}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paths.join('')}</svg>`;
  const coverage = await sharp(Buffer.from(svg)).ensureAlpha().extractChannel('alpha').raw().toBuffer();
  return { width, height, coverage };
}

function glyphs(text: string): Glyph[] {
  return font().glyphsForString(text);
}
