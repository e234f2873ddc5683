import type { Box, Channels, Frame, Size } from '../foundation/frame.js';
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

/**
 * Returns `frame` with each pixel as a square of `scale` x `scale` pixels, without interpolation.
 * @param scale whole number from 1; 1 returns `frame` itself
 */
export function enlarge(frame: Frame, scale: number): Frame {
  if (scale === 1) return frame;
  const size = { width: frame.width * scale, height: frame.height * scale };
  return sampled(frame, size, (place) => Math.floor(place / scale));
}

/**
 * Returns `frame` with its last column repeated if the width is odd, and its last row if the height is odd: 4:2:0
 * chroma covers 2 x 2 pixels. Returns `frame` itself if both are even.
 */
export function padToEven(frame: Frame): Frame {
  const { width, height } = frame;
  if (width % 2 === 0 && height % 2 === 0) return frame;
  const size = { width: width + (width % 2), height: height + (height % 2) };
  return sampled(frame, size, (place, side) => Math.min(place, side - 1));
}

/**
 * Returns a frame whose columns and rows are copied from `frame`.
 * @param from returns the source column or row of an output column or row, given their number in `frame`; must not
 *   decrease
 */
function sampled(frame: Frame, { width, height }: Size, from: (place: number, side: number) => number): Frame {
  const { channels } = frame;
  const data = new Uint8Array(width * height * channels);
  const bytes = width * channels;
  /** Index in a source row of each byte of an output row. */
  const origins = Int32Array.from({ length: bytes }, (_, at) => {
    const x = Math.floor(at / channels);
    const channel = at % channels;
    return from(x, frame.width) * channels + channel;
  });
  for (let y = 0, drawn = -1; y < height; y++) {
    const row = from(y, frame.height);
    const to = y * bytes;
    if (row === drawn) {
      data.copyWithin(to, to - bytes, to);
      continue;
    }
    drawn = row;
    const own = frame.data.subarray(row * frame.width * channels);
    for (let at = 0; at < bytes; at++) data[to + at] = own[origins[at]];
  }
  return { width, height, channels, data };
}
