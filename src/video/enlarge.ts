import type { Frame } from '../foundation/frame.js';

/** Each pixel as a square of `scale` x `scale`: what the model drew, without the blur of a scaler. */
export function enlarge(frame: Frame, scale: number): Frame {
  if (scale === 1) return frame;
  const { width, height, channels } = frame;
  return sampled(
    frame,
    width * scale,
    height * scale,
    (x) => Math.floor(x / scale) * channels,
    (y) => Math.floor(y / scale),
  );
}

/** Repeats the last column and row where their number is odd: 4:2:0 colour covers 2 x 2 pixels. */
export function padToEven(frame: Frame): Frame {
  const { width, height, channels } = frame;
  if (width % 2 === 0 && height % 2 === 0) return frame;
  const [lastX, lastY] = [width - 1, height - 1];
  return sampled(
    frame,
    width + (width % 2),
    height + (height % 2),
    (x) => Math.min(x, lastX) * channels,
    (y) => Math.min(y, lastY),
  );
}

function sampled(
  frame: Frame,
  width: number,
  height: number,
  offset: (x: number) => number,
  row: (y: number) => number,
): Frame {
  const { channels } = frame;
  const data = new Uint8Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const start = row(y) * frame.width * channels;
    for (let x = 0; x < width; x++) {
      const from = start + offset(x);
      for (let channel = 0; channel < channels; channel++) data[to++] = frame.data[from + channel]!;
    }
  }
  return { width, height, channels, data };
}
