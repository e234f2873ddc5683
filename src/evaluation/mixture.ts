import { frameBytes, type ImageShape } from '../foundation/levels.js';

/** Number of rows above a pixel, and of columns on each side, whose nats weight the predictions. */
const REACH = 3;
/** Standard deviation in pixels of the Gaussian weight of nearby pixels. */
const SPREAD = 2;
/** Factor of the nats of nearby pixels: below 1, since neighbours are correlated. */
const TRUST = 0.3;
/** Prior log-odds of the first prediction over each other prediction. */
const PREFERENCE = 1;

/** Offsets of the nearby pixels that come earlier in raster order, and the weight of each. */
const NEARBY = Array.from({ length: (REACH + 1) * (2 * REACH + 1) }, (_, at) => ({
  down: Math.floor(at / (2 * REACH + 1)) - REACH,
  across: (at % (2 * REACH + 1)) - REACH,
}))
  .filter(({ down, across }) => down < 0 || across < 0)
  .map((place) => ({ ...place, counts: TRUST * Math.exp(-(place.down ** 2 + place.across ** 2) / (2 * SPREAD ** 2)) }));

/**
 * Returns -log P in nats of each sub-pixel of an image under a mixture of predictions. The weight of a prediction
 * depends on its nats at nearby earlier pixels in raster order, and at earlier channels of the same pixel. The mixture
 * is therefore a likelihood. Image coders blend predictions alike (Meyer and Tischer 1998, TMW). If one prediction is
 * right, the mixture costs little more than that prediction.
 * @param predictions -log P in nats of each sub-pixel under each prediction, height x width x channels; the prior
 *   weight of the first is e times that of each other
 * @returns height x width x channels
 */
export function mixtureNats(shape: ImageShape, predictions: readonly Float32Array[]): Float32Array {
  const { size, channels } = shape;
  const { width, height } = size;
  const mixed = new Float32Array(frameBytes(shape));
  const ofPixels = predictions.map((nats) => pixelSums(nats, channels));
  const evidence = new Float64Array(predictions.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const y = Math.floor(pixel / width);
    const x = pixel % width;
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
