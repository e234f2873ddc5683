import type { Frame } from '../foundation/frame.js';

/** RGBA pixels, as an `ImageData` of a canvas has them. */
export interface Pixels {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** Bytes of red, green, blue and alpha of each pixel, in raster order: height x width x 4. */
  data: Uint8ClampedArray | Uint8Array;
}

/**
 * Converts RGBA pixels of a canvas to an RGB frame, blended with black by alpha.
 * @example
 * ```js
 * import { frameFromPixels } from 'pxv/browser';
 *
 * const { data } = frameFromPixels({ width: 1, height: 1, data: new Uint8Array([255, 0, 0, 255]) });
 * console.log(data); // Uint8Array(3) [ 255, 0, 0 ]
 * ```
 */
export function frameFromPixels({ width, height, data: from }: Pixels): Frame {
  const data = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = from[4 * pixel + 3] / 255;
    for (let c = 0; c < 3; c++) data[3 * pixel + c] = Math.round(alpha * from[4 * pixel + c]);
  }
  return { width, height, channels: 3, data };
}

/**
 * Converts a frame to opaque RGBA pixels, for `new ImageData(data, width, height)`. Gray becomes equal red, green and
 * blue.
 */
export function toPixels({ width, height, channels, data: from }: Frame) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) data[4 * pixel + c] = from[channels * pixel + (channels === 3 ? c : 0)];
    data[4 * pixel + 3] = 255;
  }
  return { width, height, data };
}
