import { join } from 'node:path';
import type { Frame } from '../foundation/frame.js';
import { loadSharp } from '../foundation/load-sharp.js';
import { packageFolder } from '../foundation/package-folder.js';
import type { Colour } from './canvas.js';

/** Name of the font that ships with pxv, for text in SVG. */
export const SVG_FONT = 'B612';

/**
 * Returns an SVG file as pixels, in colour. Text in `SVG_FONT` is the same on every machine.
 * @param background colour where the SVG is transparent
 */
export async function rasterizeSvg(svg: string, [r, g, b]: Colour): Promise<Frame> {
  const sharp = await loadSharp();
  // SVG itself cannot name a font file: a text that does makes the font known to the process.
  const fontfile = join(packageFolder(), 'src', 'video', 'font', 'B612-Regular.ttf');
  await sharp({ text: { text: '.', font: SVG_FONT, fontfile } })
    .raw()
    .toBuffer();
  const opaque = sharp(Buffer.from(svg)).flatten({ background: { r, g, b } });
  const { data, info } = await opaque.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data };
}
