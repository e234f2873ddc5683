import type { Disturb, ExampleShape } from '../model/examples.js';

/** A source of numbers in [0, 1). */
type Uniform = () => number;

/** Strengths, as shares of the range of levels. */
const NOISE = { weakest: 1 / 256, strongest: 1 / 16 };
const CONTEXT_NOISE = 1 / 64;
const PATCH = { largest: 1 / 6, count: 3 };
const OUTLIERS = { share: 0.02, largest: 1 / 3 };

/**
 * Shows the network sub-pixels that are a little wrong, while what it has to predict stays true.
 *
 * A network that only ever saw true sub-pixels takes its own improbable draws for facts: it predicts that the deviation
 * goes on, and a sampled frame runs away from its anchor. With noise, outliers and shifted patches in what it is shown,
 * as a sampled frame has them, it learns to come back. The likelihood stays exact: scoring disturbs nothing.
 */
export class Disturbance {
  constructor(private readonly shape: ExampleShape) {}

  /** The disturbance of one example, a function of the seed (32 bits) alone. */
  seeded(seed: number): Disturb {
    const uniform = mulberry32(seed);
    return (seen, context) => {
      const range = this.shape.levels - 1;
      const strength = NOISE.weakest * (NOISE.strongest / NOISE.weakest) ** uniform();
      this.shiftPatches(seen, uniform);
      this.scatterOutliers(seen, uniform);
      addNoise(seen, strength * range, uniform);
      const contextNoise = uniform() * CONTEXT_NOISE * range;
      for (const frame of context) addNoise(frame, contextNoise, uniform);
      for (const values of [seen, ...context]) {
        for (let i = 0; i < values.length; i++) values[i] = Math.min(Math.max(Math.round(values[i]), 0), range);
      }
    };
  }

  /** Adds a constant to each channel of some rectangles. */
  private shiftPatches(seen: Float32Array, uniform: Uniform): void {
    const { size, channels, levels } = this.shape;
    const patches = Math.floor(uniform() * (PATCH.count + 1));
    for (let patch = 0; patch < patches; patch++) {
      const [top, left] = [uniform() * size.height, uniform() * size.width].map(Math.floor);
      const bottom = top + Math.ceil(uniform() * (size.height - top));
      const right = left + Math.ceil(uniform() * (size.width - left));
      for (let channel = 0; channel < channels; channel++) {
        const shift = (2 * uniform() - 1) * PATCH.largest * (levels - 1);
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) seen[(y * size.width + x) * channels + channel] += shift;
        }
      }
    }
  }

  /** Moves a few sub-pixels far away. */
  private scatterOutliers(seen: Float32Array, uniform: Uniform): void {
    const share = uniform() * OUTLIERS.share;
    const count = Math.floor(share * seen.length);
    for (let i = 0; i < count; i++) {
      const at = Math.floor(uniform() * seen.length);
      seen[at] += (2 * uniform() - 1) * OUTLIERS.largest * (this.shape.levels - 1);
    }
  }
}

/** Adds noise of a triangular density of this standard deviation to every value. */
function addNoise(values: Float32Array, deviation: number, uniform: Uniform): void {
  const width = deviation * Math.sqrt(6);
  for (let i = 0; i < values.length; i++) values[i] += (uniform() - uniform()) * width;
}

/** Tommy Ettinger's mulberry32: a small generator for the many numbers of one example. */
function mulberry32(seed: number): Uniform {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
