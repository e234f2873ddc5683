import type { Frame, Size } from '../foundation/frame.js';

/** Each pixel as a square of `scale` x `scale`: what the model drew, without the blur of a scaler. */
export function enlarge(frame: Frame, scale: number): Frame {
  if (scale === 1) return frame;
  const size = { width: frame.width * scale, height: frame.height * scale };
  return sampled(frame, size, (place) => Math.floor(place / scale));
}

/** Repeats the last column and row where their number is odd: 4:2:0 colour covers 2 x 2 pixels. */
export function padToEven(frame: Frame): Frame {
  const { width, height } = frame;
  if (width % 2 === 0 && height % 2 === 0) return frame;
  const size = { width: width + (width % 2), height: height + (height % 2) };
  return sampled(frame, size, (place, side) => Math.min(place, side - 1));
}

/** @param from the column or row of a frame of so many that another column or row shows, never an earlier one than that before */
function sampled(frame: Frame, { width, height }: Size, from: (place: number, side: number) => number): Frame {
  const { channels } = frame;
  const data = new Uint8Array(width * height * channels);
  const columns = Array.from({ length: width }, (_, x) => from(x, frame.width));
  const bytes = width * channels;
  for (let y = 0, drawn = -1; y < height; y++) {
    const row = from(y, frame.height);
    let to = y * bytes;
    if (row === drawn) {
      data.copyWithin(to, to - bytes, to);
      continue;
    }
    drawn = row;
    for (const column of columns) {
      let at = (row * frame.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) data[to++] = frame.data[at++];
    }
  }
  return { width, height, channels, data };
}
