import type { Tensor } from '@tensorflow/tfjs-core';
import type { Model } from '../model/model.js';
import { frameBytes } from '../foundation/levels.js';
import { singleProcess, assignedIndices, type ProcessGroup } from '../distributed/process-group.js';
import {
  BITS_PER_NAT,
  bitsPerPixel,
  scoreItems,
  type AddExample,
  type ScoredItem,
  type ScoringOptions,
} from './scoring.js';
import { computeMean, quantile, type MeanWithError } from './statistics.js';

/** Images at a model's size, by index. */
export interface ImageSource {
  /** Writes height x width x channels bytes to the start of `into`. */
  read(index: number, into: Uint8Array): void;
}

/** What images cost, each on its own. */
export interface ImageNats {
  /** -log P of each image, in nats: the sum over its channels. */
  images: Float64Array;
  /** The same by channel, channels x images. */
  channels: Float64Array[];
}

export interface ScoreImagesOptions extends Pick<ScoringOptions, 'batch' | 'signal'> {
  /** Called after each batch with the images scored so far, by all ranks about, and the mean bits/dim of its own. */
  onProgress?: (done: number, bitsPerDim: number) => void;
  /** The processes that share the images, and all know what they cost. Default: this one alone. */
  processGroup?: ProcessGroup;
}

/** Images scored together, where memory allows. */
export const IMAGE_SCORING_BATCH = 16;

/**
 * Scores images one by one: each sub-pixel given the true ones before it, summed over scales and sub-pixels in float64
 * (an upper bound where `chain.exact` is false).
 * @param weights tensors in the order of the chain's parameters
 * @param indices of the images to score
 * @throws the signal's reason once it is aborted, looked at before each batch
 */
export async function scoreImages(
  model: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  indices: Uint32Array,
  { batch = IMAGE_SCORING_BATCH, onProgress, signal, processGroup = singleProcess }: ScoreImagesOptions = {},
): Promise<ImageNats> {
  const { channels } = model.chain.exampleShape;
  const dimensions = frameBytes(model.chain.exampleShape);
  const nats = {
    images: new Float64Array(indices.length),
    channels: Array.from({ length: channels }, () => new Float64Array(indices.length)),
  };
  let total = 0;
  let done = 0;
  const places = assignedIndices(processGroup, indices.length);
  const own = places.map((place) => indices[place]);
  for await (const { nats: map } of scoreEachImage(model, weights, source, own, { batch, signal })) {
    const place = places[done];
    // Every scale begins with a first channel, so the channels go round without a gap.
    for (let k = 0; k < map.length; k++) nats.channels[k % channels][place] += map[k];
    for (const channel of nats.channels) nats.images[place] += channel[place];
    total += nats.images[place];
    done++;
    const batchIsDone = done % batch === 0 || done === own.length;
    const ofAll = Math.min(done * processGroup.size, indices.length);
    if (batchIsDone) onProgress?.(ofAll, (total / done / dimensions) * BITS_PER_NAT);
  }
  for (const values of [nats.images, ...nats.channels]) await processGroup.allReduce(values);
  return nats;
}

/** What each pixel of an image costs: see `bitsPerPixel`. */
export async function bitsPerPixelOfImage(
  model: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  index: number,
): Promise<Float64Array> {
  const scored = await scoreEachImage(model, weights, source, [index], { batch: 1 }).next();
  return bitsPerPixel(model.chain, (scored.value as ScoredItem<number>).nats);
}

/** The images of a source, each with its map of nats. */
function scoreEachImage(
  { chain }: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  indices: Iterable<number>,
  options: ScoringOptions,
): AsyncGenerator<ScoredItem<number>, void> {
  const image = new Uint8Array(frameBytes(chain.exampleShape));
  const add: AddExample<number> = (buffer, index) => {
    source.read(index, image);
    buffer.add(image, 1, false);
  };
  return scoreItems(chain, weights, indices, add, options);
}

/** The scores of images, brought together. */
export interface ImageSummary {
  /** Mean over images of -log2 P for each sub-pixel, in bits, and its standard error. */
  bitsPerDim: MeanWithError;
  /** Mean over images of -log P, in nats, and its standard error. */
  natsPerImage: MeanWithError;
  /** Bits/dim of each channel's own sub-pixels. */
  channels: MeanWithError[];
  /** How images differ, in bits/dim. */
  spread: { standardDeviation: number; quantiles: Record<QuantileName, number> };
}

const shares = { least: 0, '5%': 0.05, '25%': 0.25, median: 0.5, '75%': 0.75, '95%': 0.95, most: 1 } as const;
export type QuantileName = keyof typeof shares;

/** Every image weighs the same, as all are of one size. @param dimensions of an image */
export function summariseImages(nats: ImageNats, dimensions: number): ImageSummary {
  const perNat = BITS_PER_NAT / dimensions;
  const bits = nats.images.map((value) => value * perNat);
  const bitsPerDim = computeMean(bits);
  const sorted = bits.slice().sort();
  const quantiles = Object.entries(shares).map(([name, share]) => [name, quantile(sorted, share)]);
  return {
    bitsPerDim,
    natsPerImage: computeMean(nats.images),
    channels: nats.channels.map((channel) =>
      computeMean(channel.map((value) => value * (perNat * nats.channels.length))),
    ),
    spread: {
      standardDeviation: bitsPerDim.standardError * Math.sqrt(sorted.length),
      quantiles: Object.fromEntries(quantiles) as Record<QuantileName, number>,
    },
  };
}
