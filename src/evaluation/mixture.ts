import { frameBytes, type ImageShape } from '../foundation/levels.js';

/** Rows above a pixel, and columns beside it, that tell which prediction holds there. */
const REACH = 3;
/** How fast what is known counts less with its distance, in pixels: the standard deviation of a Gaussian. */
const SPREAD = 2;
/** How much of the nats nearby counts: less than all, since neighbours tell much the same. */
const TRUST = 0.3;
/** What the first prediction is preferred by where nothing is known, in log-odds. */
const PREFERENCE = 1;

/** Pixels before one in raster order, near it, and how much each counts. */
const NEARBY = Array.from({ length: (REACH + 1) * (2 * REACH + 1) }, (_, at) => ({
  down: Math.floor(at / (2 * REACH + 1)) - REACH,
  across: (at % (2 * REACH + 1)) - REACH,
}))
  .filter(({ down, across }) => down < 0 || across < 0)
  .map((place) => ({ ...place, counts: TRUST * Math.exp(-(place.down ** 2 + place.across ** 2) / (2 * SPREAD ** 2)) }));

/**
 * -log P of an image's sub-pixels under a mixture of predictions, one after another in raster order, R, G and B within a pixel. At each
 * pixel a prediction counts by how well it did at the pixels nearby that come before, so that the mixture is a likelihood like each of
 * them. Image coders blend predictions so (Meyer and Tischer 1998, TMW); where a single one is true it costs little more than that.
 * @param predictions nats of every sub-pixel under each, height x width x channels; the first is preferred
 * @returns nats of every sub-pixel; what predictions say of a pixel's G and B also counts by what they said of those before
 */
export function mixtureNats(shape: ImageShape, predictions: readonly Float32Array[]): Float32Array {
  const { size, channels } = shape;
  const { width, height } = size;
  const mixed = new Float32Array(frameBytes(shape));
  const ofPixels = predictions.map((nats) => pixelSums(nats, channels));
  const evidence = new Float64Array(predictions.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    for (const index of predictions.keys()) evidence[index] = index === 0 ? 0 : -PREFERENCE;
    for (const { down, across, counts } of NEARBY) {
      if (y + down < 0 || x + across < 0 || x + across >= width) continue;
      const near = pixel + down * width + across;
      for (const [index, nats] of ofPixels.entries()) evidence[index] -= counts * nats[near];
    }
    let before = logSumExp(evidence);
    for (let at = pixel * channels; at < (pixel + 1) * channels; at++) {
      for (const [index, nats] of predictions.entries()) evidence[index] -= nats[at];
      const after = logSumExp(evidence);
      mixed[at] = before - after;
      before = after;
    }
  }
  return mixed;
}

function pixelSums(nats: Float32Array, channels: number): Float64Array {
  const sums = new Float64Array(nats.length / channels);
  nats.forEach((value, at) => (sums[Math.floor(at / channels)] += value));
  return sums;
}

function logSumExp(values: Float64Array): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - most);
  return most + Math.log(sum);
}
