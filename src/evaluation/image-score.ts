import type { Tensor } from '@tensorflow/tfjs-core';
import type { Model } from '../model/checkpoint.js';
import { needsOf } from '../conditioning/index.js';
import type { NetworkDescription } from '../model/description.js';
import { ExampleBuffer, frameBytes } from '../model/examples.js';
import { BITS_PER_NAT, subPixelNatsOfExamples } from './scoring.js';
import { quantile, RunningMean } from './statistics.js';

/** Images to score, by index: height x width x channels bytes each, at the model's size. */
export interface ImageSource {
  read(index: number, into: Uint8Array): void;
}

/** What images cost, each on its own. */
export interface ImageNats {
  /** -log P of each image, in nats: the sum over its channels. */
  images: Float64Array;
  /** The same by channel, channels x images. */
  channels: Float64Array[];
}

export interface ScoreImagesOptions {
  /** Images scored together; no figure depends on it. */
  batch?: number;
  /** Told after each batch: images scored so far, and the mean bits/dim of these. */
  onProgress?: (done: number, bitsPerDim: number) => void;
  signal?: AbortSignal | undefined;
}

const BATCH = 16;

/**
 * Scores images one by one: each sub-pixel given the true ones before it, summed over scales and sub-pixels in float64
 * (an upper bound where `chain.exact` is false).
 *
 * @param weights tensors in the order of the chain's parameters
 * @param indices of the images to score
 * @throws the signal's reason once it is aborted, looked at after each batch
 */
export async function scoreImages(
  model: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  indices: Uint32Array,
  { batch = BATCH, onProgress, signal }: ScoreImagesOptions = {},
): Promise<ImageNats> {
  const { channels } = model.chain.examples;
  const dimensions = frameBytes(model.chain.examples);
  const nats = {
    images: new Float64Array(indices.length),
    channels: Array.from({ length: channels }, () => new Float64Array(indices.length)),
  };
  let total = 0;
  for (let first = 0; first < indices.length; first += batch) {
    signal?.throwIfAborted();
    const together = indices.subarray(first, first + batch);
    const values = await subPixelNats(model, weights, source, together);
    const subPixels = values.length / together.length;
    for (let i = 0; i < together.length; i++) {
      const at = i * subPixels;
      // Every scale begins with a first channel, so the channels go round without a gap.
      for (let k = 0; k < subPixels; k++) nats.channels[k % channels][first + i] += values[at + k];
      for (const channel of nats.channels) nats.images[first + i] += channel[first + i];
      total += nats.images[first + i];
    }
    const done = first + together.length;
    onProgress?.(done, (total / done / dimensions) * BITS_PER_NAT);
  }
  return nats;
}

/**
 * Where in an image its bits are: what each pixel of the finest scale costs, all channels together, in bits. What a
 * coarser scale costs stands at the pixel that the scales share.
 *
 * @returns height x width
 */
export async function bitsOfPixels(
  model: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  index: number,
): Promise<Float64Array> {
  const { chain } = model;
  const { size, channels } = chain.examples;
  const values = await subPixelNats(model, weights, source, Uint32Array.of(index));
  const bits = new Float64Array(size.width * size.height);
  let step = chain.scales.reduce((product, { description }) => product * factorOf(description), 1);
  let k = 0;
  for (const { description } of chain.scales) {
    step /= factorOf(description);
    for (let y = 0; y < description.size.height; y++) {
      for (let x = 0; x < description.size.width; x++) {
        for (let c = 0; c < channels; c++) bits[(y * size.width + x) * step] += values[k++] * BITS_PER_NAT;
      }
    }
  }
  return bits;
}

function factorOf({ conditioning }: NetworkDescription): number {
  return needsOf(conditioning).coarser?.factor ?? 1;
}

/** [images, sub-pixels of all scales], in nats. */
function subPixelNats(
  { chain }: Model,
  weights: readonly Tensor[],
  source: ImageSource,
  indices: Uint32Array,
): Promise<Float32Array> {
  const buffer = new ExampleBuffer(chain.examples, indices.length);
  const image = new Uint8Array(frameBytes(chain.examples));
  for (const index of indices) {
    source.read(index, image);
    buffer.add(image, 1, false);
  }
  return subPixelNatsOfExamples(chain, weights, buffer.tensors());
}

/** A mean over images. */
export interface MeanOverImages {
  mean: number;
  /** NaN for one image. */
  standardError: number;
}

export interface ImageSummary {
  bitsPerDim: MeanOverImages;
  natsPerImage: MeanOverImages;
  /** Bits/dim of each channel's own sub-pixels. */
  channels: MeanOverImages[];
  /** How images differ, in bits/dim. */
  spread: { standardDeviation: number; quantiles: Record<QuantileName, number> };
}

const shares = { least: 0, '5%': 0.05, '25%': 0.25, median: 0.5, '75%': 0.75, '95%': 0.95, most: 1 } as const;
export type QuantileName = keyof typeof shares;

/**
 * Every image weighs the same, as all are of one size.
 *
 * @param dimensions of an image
 */
export function summariseImages(nats: ImageNats, dimensions: number): ImageSummary {
  const perNat = BITS_PER_NAT / dimensions;
  const bits = meanOf(nats.images, perNat);
  const sorted = nats.images.map((value) => value * perNat).sort();
  const quantiles = Object.entries(shares).map(([name, share]) => [name, quantile(sorted, share)]);
  return {
    bitsPerDim: bits,
    natsPerImage: meanOf(nats.images, 1),
    channels: nats.channels.map((channel) => meanOf(channel, perNat * nats.channels.length)),
    spread: {
      standardDeviation: bits.standardError * Math.sqrt(sorted.length),
      quantiles: Object.fromEntries(quantiles) as Record<QuantileName, number>,
    },
  };
}

function meanOf(values: Float64Array, factor: number): MeanOverImages {
  const mean = new RunningMean();
  for (const value of values) mean.add(value * factor);
  return { mean: mean.mean, standardError: mean.standardError };
}
