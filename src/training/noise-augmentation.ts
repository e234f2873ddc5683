import type { ExampleShape, NoiseAugmentation } from '../conditioning/context/examples.js';

/** Generator of uniform random numbers in [0, 1). */
type Uniform = () => number;

/**
 * Maximum standard deviations of the noise, as fractions of the range of levels: of the target's sub-pixels, and of
 * context frames.
 */
const STRONGEST = { seen: 1 / 16, context: 1 / 32 };
const PATCH = { largest: 1 / 6, count: 3 };
const OUTLIERS = { share: 0.02, largest: 1 / 3 };

/**
 * Returns the noise augmentation of an example: the network's input is changed, while the target stays true. The
 * returned function changes its arguments in place, by noise of a random strength. Outliers and shifted patches are
 * added to the earlier sub-pixels alone. The function returns the standard deviation of the noise, in levels.
 *
 * A network trained on true sub-pixels alone trusts its own improbable draws, and a sampled frame drifts from its
 * anchor. Noise, outliers and shifted patches resemble the errors of a sampled frame, so the network learns to recover.
 * A conditioning that reads the strength trusts true inputs as before, so scoring loses nothing. The likelihood stays
 * exact.
 * @param seed 32 bits; alone determines the noise
 */
export function createNoiseAugmentation(shape: ExampleShape, seed: number): NoiseAugmentation {
  const uniform = mulberry32(seed);
  const range = shape.levels - 1;
  return (seen, context) => {
    // Small strengths are the most frequent, as are small errors at the start of a sampled frame.
    const root = uniform();
    const noise = root ** 2 * STRONGEST.seen * range;
    shiftPatches(shape, seen, root, uniform);
    scatterOutliers(seen, root, range, uniform);
    addNoise(seen, noise, uniform);
    for (const frame of context) addNoise(frame, root ** 2 * STRONGEST.context * range, uniform);
    for (const values of [seen, ...context]) {
      for (let i = 0; i < values.length; i++) values[i] = Math.min(Math.max(Math.round(values[i]), 0), range);
    }
    return noise;
  };
}

/** Adds a constant to each channel of up to `PATCH.count` random rectangles. */
function shiftPatches(shape: ExampleShape, seen: Float32Array, strength: number, uniform: Uniform): void {
  const { size, channels, levels } = shape;
  const patches = Math.floor(uniform() * (PATCH.count + 1));
  for (let patch = 0; patch < patches; patch++) {
    const top = Math.floor(uniform() * size.height);
    const left = Math.floor(uniform() * size.width);
    const bottom = top + Math.ceil(uniform() * (size.height - top));
    const right = left + Math.ceil(uniform() * (size.width - left));
    for (let channel = 0; channel < channels; channel++) {
      const shift = (2 * uniform() - 1) * strength * PATCH.largest * (levels - 1);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) seen[(y * size.width + x) * channels + channel] += shift;
      }
    }
  }
}

/** Adds large offsets to a few sub-pixels. */
function scatterOutliers(seen: Float32Array, strength: number, range: number, uniform: Uniform): void {
  const count = Math.floor(uniform() * OUTLIERS.share * seen.length);
  for (let i = 0; i < count; i++) {
    const at = Math.floor(uniform() * seen.length);
    seen[at] += (2 * uniform() - 1) * strength * OUTLIERS.largest * range;
  }
}

/** Maximum standard deviation of the noise of frames without motion, in levels of bytes. */
const STRONGEST_OF_STILLS = 1;

/**
 * Replaces all frames but the last by copies of the last with noise, as of a clip that stands still. The standard
 * deviation of the noise is random, at most one level.
 * @param frames levels of 0 to 255, changed in place
 * @param size bytes of a frame
 * @param seed 32 bits
 */
export function freezeFrames(frames: Uint8Array, size: number, seed: number): void {
  const uniform = mulberry32(seed);
  const width = uniform() * STRONGEST_OF_STILLS * Math.sqrt(6);
  const last = frames.length - size;
  for (let i = 0; i < last; i++) {
    const level = frames[last + (i % size)] + (uniform() - uniform()) * width;
    frames[i] = Math.min(Math.max(Math.round(level), 0), 255);
  }
}

/** Adds noise of a triangular density and standard deviation `deviation` to every value. */
function addNoise(values: Float32Array, deviation: number, uniform: Uniform): void {
  const width = deviation * Math.sqrt(6);
  for (let i = 0; i < values.length; i++) values[i] += (uniform() - uniform()) * width;
}

/** Returns Tommy Ettinger's mulberry32: a small generator for the many random numbers of one example. */
function mulberry32(seed: number): Uniform {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
