import type { Frame, Size } from '../foundation/frame.js';

/**
 * Method to fit a frame of another aspect ratio: `crop` scales to cover and cuts around the centre, `stretch` distorts.
 */
export type Fit = 'crop' | 'stretch';

/** Resampling weights along one axis, for each output position. */
interface Axis {
  /** First input position of each output position. */
  first: Int32Array;
  /** Weights of `reach` input positions for each output position, of sum 1. */
  weights: Float64Array;
  reach: number;
}

/**
 * Scales a frame to `size` as FFmpeg's `area` scaler does, so that a folder of images and a video file agree.
 * Downscaling averages the area that each pixel covers; upscaling interpolates linearly between the two nearest pixels.
 */
export function resample(frame: Frame, size: Size, fit: Fit): Frame {
  const { width, height, channels, data } = frame;
  // The full frame is scaled to whole pixels, of which the middle is kept, as in FFmpeg's filters.
  const crop = fit === 'crop';
  const wide = crop ? Math.max(size.width, Math.round((size.height * width) / height)) : size.width;
  const high = crop ? Math.max(size.height, Math.round((size.width * height) / width)) : size.height;
  const across = axis(width, wide, size.width);
  const down = axis(height, high, size.height);

  const line = size.width * channels;
  const narrow = new Float64Array(height * line);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < size.width; x++) {
      for (let tap = 0; tap < across.reach; tap++) {
        const weight = across.weights[x * across.reach + tap];
        if (weight === 0) continue;
        const from = (y * width + across.first[x] + tap) * channels;
        const to = y * line + x * channels;
        for (let channel = 0; channel < channels; channel++) narrow[to + channel] += weight * data[from + channel];
      }
    }
  }
  const sums = new Float64Array(size.height * line);
  for (let y = 0; y < size.height; y++) {
    for (let tap = 0; tap < down.reach; tap++) {
      const weight = down.weights[y * down.reach + tap];
      if (weight === 0) continue;
      const from = (down.first[y] + tap) * line;
      for (let at = 0; at < line; at++) sums[y * line + at] += weight * narrow[from + at];
    }
  }
  return { ...size, channels, data: Uint8Array.from(sums.map(Math.round)) };
}

/** Returns the weights of the middle `to` of `scaled` output positions, for `from` input positions. */
function axis(from: number, scaled: number, to: number): Axis {
  const step = from / scaled;
  const cut = Math.floor((scaled - to) / 2);
  const reach = step > 1 ? Math.ceil(step) + 1 : 2;
  const first = new Int32Array(to);
  const weights = new Float64Array(to * reach);
  for (let place = 0; place < to; place++) {
    const low = (cut + place) * step;
    const begin = step > 1 ? Math.floor(low + 1e-9) : Math.floor(low + step / 2 - 0.5);
    const origin = Math.min(Math.max(begin, 0), Math.max(from - reach, 0));
    first[place] = origin;
    for (let tap = 0; tap < reach; tap++) {
      const at = begin + tap;
      const weight =
        step > 1
          ? Math.max(0, Math.min(at + 1, low + step) - Math.max(at, low)) / step
          : Math.max(0, 1 - Math.abs(at + 0.5 - (low + step / 2)));
      // A position outside the frame takes the value at the edge.
      const inside = Math.min(Math.max(at, 0), from - 1);
      weights[place * reach + inside - origin] += weight;
    }
  }
  return { first, weights, reach };
}
