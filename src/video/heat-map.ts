import type { Frame, Size } from '../foundation/frame.js';

/** Levels of red, green and blue, evenly spaced from 0 to the maximum: black, red, yellow, white. */
const stops = [
  [0, 0, 0],
  [200, 0, 0],
  [255, 200, 0],
  [255, 255, 255],
];

/**
 * Draws a heat map in colour. The colours run linearly from black at 0 through red and yellow to white at `white`.
 * Values below 0 are black, values above `white` are white.
 * @param values height x width values, row by row
 * @param white value shown as white, above 0
 */
export function drawHeatMap(values: Float64Array, size: Size, white: number): Frame {
  const data = new Uint8Array(3 * values.length);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const place = Math.min(Math.max(values[pixel] / white, 0), 1) * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      const from = stops[below][c];
      const to = stops[below + 1][c];
      data[3 * pixel + c] = Math.round(from + (place - below) * (to - from));
    }
  }
  return { ...size, channels: 3, data };
}
