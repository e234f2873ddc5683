import { readFileSync } from 'node:fs';
import type { FrameMetricName } from '../../src/evaluation/frame-metrics.js';
import type { Channels, Frame } from '../../src/foundation/frame.js';

type Values = Record<FrameMetricName, number>;

/** Output of test/fixtures/metrics/reference-metrics.py. */
const reference = JSON.parse(readFileSync('test/fixtures/metrics/reference-metrics.json', 'utf8')) as {
  height: number;
  width: number;
  frames: number;
  samples: number;
  cases: (Record<'last-frame' | 'sample' | 'mean' | 'best', Values> & {
    channels: Channels;
    byFrame: Values[];
    openstl: { mse: number; mae: number };
  })[];
};

export const { frames, samples, cases } = reference;
const { width, height } = reference;

function frame(channels: Channels, level: (x: number, y: number, c: number) => number): Frame {
  const data = Uint8ClampedArray.from({ length: width * height * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    return level(pixel % width, Math.floor(pixel / width), at % channels);
  });
  return { width, height, channels, data: Uint8Array.from(data) };
}

const pattern = (t: number) => (x: number, y: number, c: number) => (x * (x + 3 * t) + 5 * y * (c + 1) + 11 * t) % 256;

/** The true frame t, as the Python program makes it. */
export const truth = (t: number, channels: Channels) => frame(channels, pattern(t));

/** Frame t of sample s, as the Python program makes it. */
export function sample(s: number, t: number, channels: Channels): Frame {
  const error = (x: number, y: number, c: number) =>
    s === 0
      ? 14
      : Math.floor(
          ((((7 * x * (s + 2) + 13 * y + 17 * c + 29 * t * (s + 1)) % 41) - 20) * (t + 1 + s * (frames - t))) / 6,
        );
  return frame(channels, (x, y, c) => pattern(t)(x, y, c) + error(x, y, c));
}
