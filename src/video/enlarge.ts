import type { Frame, Size } from '../foundation/frame.js';

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
