import type { Tensor } from '@tensorflow/tfjs-core';
import type { Model } from '../model/model.js';
import { frameBytes } from '../foundation/levels.js';
import { singleProcess, assignedIndices, type ProcessGroup } from '../distributed/process-group.js';
import {
  assertFiniteNats,
  BITS_PER_NAT,
  bitsPerPixel,
  scoreItems,
  type AddExample,
  type ScoredItem,
  type ScoringOptions,
} from './scoring.js';
import { computeMean, quantile, type MeanWithError } from './statistics.js';

/** Source of images at a model's size, by index. */
export interface ImageSource {
  /** Writes image `index` to the start of `into`: height x width x channels bytes. */
  read(index: number, into: Uint8Array): void;
}

/** Nats of each image. */
export interface ImageNats {
  /** Sum of -log P over the sub-pixels of each image, in nats. */
  images: Float64Array;
  /** Sum of -log P over each channel of each image, in nats: [channel][image]. */
  channels: Float64Array[];
}

/** Options for `scoreImages`. */
export interface ScoreImagesOptions extends Pick<ScoringOptions, 'batch' | 'signal'> {
  /**
   * Called after each batch with the approximate number of images scored by all ranks, and this rank's mean bits/dim.
   */
  onProgress?: (done: number, bitsPerDim: number) => void;
  /** Process group that shares the images; every rank gets all scores. Default: this process alone. */
  processGroup?: ProcessGroup;
}

/** Default batch size of images to score. */
export const IMAGE_SCORING_BATCH = 16;

/**
 * Scores each image by itself: -log P of each sub-pixel given the true ones before it, summed over scales and
 * sub-pixels in float64. The sum is an upper bound if `chain.exact` is false.
 * @param weights tensors in the order of the chain's parameters
 * @param indices indices in `source` of the images to score
 * @throws PxvError `CHECKPOINT` if a likelihood is not finite; the signal's reason if aborted, checked before each
 *   batch; errors of `source`
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
    assertFiniteNats(`image ${indices[place]}`, map);
    // Every scale begins with the first channel, so the channel is the index modulo `channels` throughout.
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

/** Returns the bits of each pixel of image `index` (see `bitsPerPixel`). */
export async function bitsPerPixelOfImage(
  model: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  index: number,
): Promise<Float64Array> {
  const scored = await scoreEachImage(model, weights, source, [index], { batch: 1 }).next();
  return bitsPerPixel(model.chain, (scored.value as ScoredItem<number>).nats);
}

/** Yields the images of a source, each with its map of nats. */
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

/** Summary of the scores of images. */
export interface ImageSummary {
  /** Mean over images of -log2 P per sub-pixel in bits/dim, and its standard error. */
  bitsPerDim: MeanWithError;
  /** Mean over images of -log P in nats, and its standard error. */
  natsPerImage: MeanWithError;
  /** Mean bits/dim of the sub-pixels of each channel, and its standard error. */
  channels: MeanWithError[];
  /** Standard deviation and quantiles of the images' bits/dim. */
  spread: { standardDeviation: number; quantiles: Record<QuantileName, number> };
}

const shares = { min: 0, '5%': 0.05, '25%': 0.25, median: 0.5, '75%': 0.75, '95%': 0.95, max: 1 } as const;
/** Name of a quantile of `ImageSummary`. @inline */
export type QuantileName = keyof typeof shares;

/** Summarises the nats of images of equal size. @param dimensions number of sub-pixels of an image */
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
