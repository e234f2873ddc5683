import type { Box, Channels, Frame } from '../foundation/frame.js';
import { enlarge } from './enlarge.js';
import { drawText } from './text.js';

/** Colour as levels of red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/**
 * Image to draw on, with a fixed size. All that is drawn, except text, must lie within the canvas. If the canvas has
 * one channel, the first level of a colour is its grey level.
 */
export class Canvas implements Frame {
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
    readonly channels: Channels,
    background: Colour,
  ) {
    this.data = new Uint8Array(width * height * channels);
    this.fill({ x: 0, y: 0, width, height }, background);
  }

  /** Fills a rectangle with a colour. */
  fill({ x, y, width, height }: Box, colour: Colour): void {
    const line = this.width * this.channels;
    const first = y * line + x * this.channels;
    const end = first + width * this.channels;
    for (let at = first; at < end; at++) this.data[at] = colour[(at - first) % this.channels];
    for (let row = 1; row < height; row++) this.data.copyWithin(first + row * line, first, end);
  }

  /** Draws the border of a rectangle, `thick` pixels wide, inside the rectangle. */
  outline({ x, y, width, height }: Box, thick: number, colour: Colour): void {
    for (const top of [y, y + height - thick]) this.fill({ x, y: top, width, height: thick }, colour);
    for (const left of [x, x + width - thick]) this.fill({ x: left, y, width: thick, height }, colour);
  }

  /**
   * Draws `frame` with its top left corner at (`x`, `y`), each pixel as a square of `scale` x `scale`. A gray frame may
   * be drawn on a canvas of 3 channels.
   */
  paste(frame: Frame, x: number, y: number, scale: number): void {
    const { width, height, channels, data } = enlarge(frame, scale);
    const row = width * this.channels;
    for (let line = 0; line < height; line++) {
      const to = ((y + line) * this.width + x) * this.channels;
      if (channels === this.channels) this.data.set(data.subarray(line * row, (line + 1) * row), to);
      else for (let at = 0; at < row; at++) this.data[to + at] = data[line * width + Math.floor(at / this.channels)];
    }
  }

  /**
   * Draws a line of text with its top left corner at (`x`, `y`), clipped at the right and the bottom of the canvas.
   * @param size em size in pixels, a whole number
   */
  async write(text: string, x: number, y: number, size: number, colour: Colour): Promise<void> {
    const { width, height, coverage } = await drawText(text, size);
    for (let row = 0; row < Math.min(height, this.height - y); row++) {
      for (let column = 0; column < Math.min(width, this.width - x); column++) {
        const share = coverage[row * width + column] / 255;
        const at = ((y + row) * this.width + x + column) * this.channels;
        for (let c = 0; c < this.channels; c++) {
          this.data[at + c] += Math.round(share * (colour[c] - this.data[at + c]));
        }
      }
    }
  }
}
