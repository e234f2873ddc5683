import type { Frame } from '../foundation/frame.js';

/** What of an `ImageData` is read: four bytes a pixel, red, green, blue and alpha. */
export interface Pixels {
  /** Pixels in a row. */
  width: number;
  /** Rows of pixels. */
  height: number;
  /** Row by row, from 0 to 255. */
  data: Uint8ClampedArray | Uint8Array;
}

/** A frame in colour from the pixels of a canvas; what is transparent shows black. */
export function frameFromPixels({ width, height, data: from }: Pixels): Frame {
  const data = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = from[4 * pixel + 3] / 255;
    for (let c = 0; c < 3; c++) data[3 * pixel + c] = Math.round(alpha * from[4 * pixel + c]);
  }
  return { width, height, channels: 3, data };
}

/** The pixels of a frame, for `new ImageData(data, width, height)`. */
export function toPixels({ width, height, channels, data: from }: Frame) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) data[4 * pixel + c] = from[channels * pixel + (channels === 3 ? c : 0)];
    data[4 * pixel + 3] = 255;
  }
  return { width, height, data };
}
