import type { ImageShape } from '../foundation/levels.js';

/** What is known at a place in a clip, beside what is expected after it: height x width x channels, in bytes. */
export interface KnownPast {
  /** The last frame. */
  last: Uint8Array;
  /** The frame before that. */
  before: Uint8Array;
  /** The mean of the last frames, at most `MOST_AVERAGED` of them. */
  mean: Float32Array;
  /** How still the picture stands from the last frame but one to the last: 1 where nothing changes there and nearby, near 0 where much does. */
  stillness: Float32Array;
}

/** Frames that the mean of the known ones is taken over, the last ones, at most. */
export const MOST_AVERAGED = 128;
/** A mean change of so many bytes leaves the stillness at 1/e. */
const STIRRING = 4;

/** @param frames those before the place, oldest first, height x width x channels bytes each, at least two */
export function knownPast(frames: readonly Uint8Array[], shape: ImageShape): KnownPast {
  const [before, last] = frames.slice(-2);
  const averaged = frames.slice(-MOST_AVERAGED);
  const mean = new Float32Array(last.length);
  for (const frame of averaged) frame.forEach((byte, at) => (mean[at] += byte));
  const stillness = stillnessOf(before, last, shape);
  return { last, before, mean: mean.map((sum) => sum / averaged.length), stillness };
}

function stillnessOf(before: Uint8Array, last: Uint8Array, shape: ImageShape): Float32Array {
  const { channels } = shape;
  const change = Float32Array.from(last, (_, at) => {
    const pixel = at - (at % channels);
    let sum = 0;
    for (let c = pixel; c < pixel + channels; c++) sum += Math.abs(last[c] - before[c]);
    return sum / channels;
  });
  return blurred(change, shape, 2).map((value) => Math.exp(-value / STIRRING));
}

/** The binomial weights of a pixel and of those beside it: a standard deviation of one pixel. */
const BLUR = [1, 4, 6, 4, 1].map((weight) => weight / 16);

/**
 * A frame blurred along its columns and rows; beyond an edge stands what is at the edge.
 * @param times how often, by a standard deviation of one pixel each time
 */
export function blurred(frame: ArrayLike<number>, shape: ImageShape, times: number): Float32Array {
  const { size, channels } = shape;
  const { width, height } = size;
  const along = (from: ArrayLike<number>, step: number, length: number) =>
    Float32Array.from(from, (_, at) => {
      const place = Math.floor(at / step) % length;
      let sum = 0;
      for (const [index, weight] of BLUR.entries()) {
        const beside = Math.min(Math.max(place + index - 2, 0), length - 1);
        sum += weight * from[at + (beside - place) * step];
      }
      return sum;
    });
  let soft = frame;
  for (let time = 0; time < times; time++) soft = along(along(soft, channels, width), width * channels, height);
  return Float32Array.from(soft);
}
