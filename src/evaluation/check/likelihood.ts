import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Given } from '../../conditioning/index.js';
import { unknownSubPixels } from '../../model/chain.js';
import { disposeExamples } from '../../model/examples.js';
import { headOf } from '../../model/heads/index.js';
import { anchorsByPixel, conditionOf, networkOutput, subPixelNats, type Network } from '../../model/network.js';
import { ImageSampler } from '../../sampling/image-sampler.js';
import { Noise } from '../../sampling/noise.js';
import { BITS_PER_NAT } from '../scoring.js';
import { exampleOf, randomClip } from './check-example.js';
import type { CheckSettings } from './finding.js';
import { subPixelCount } from './sub-pixels.js';
import { valuesOf } from './values-of.js';

/** What a network's sampler and its whole-image executor say of an image that the sampler drew. */
export interface LikelihoodAgreement {
  /** The sum of the conditional likelihoods that the sampler drew from, and the teacher-forced likelihood. */
  drawnBitsPerDim: number;
  scoredBitsPerDim: number;
  /** Largest distance from 1 of a sub-pixel's probabilities, as drawn from and as scored. */
  drawnSumError: number;
  scoredSumError: number;
}

/**
 * Draws an image with the pixel-by-pixel sampler, and scores it with the whole-image executor. Where the network is given
 * frames or a small image these are random; pixels known from the small image are neither drawn nor scored.
 *
 * @param weights arrays in the order of `network.parameters`
 * @param parameters the same as tensors
 */
export async function likelihoodAgreement(
  network: Network,
  weights: readonly Float32Array[],
  parameters: readonly Tensor[],
  { seed, onProgress, signal }: CheckSettings,
): Promise<LikelihoodAgreement> {
  const { description } = network;
  const { size, levels } = description;
  const unknown = unknownSubPixels(description) ?? new Float32Array(subPixelCount(description)).fill(1);
  const examples = exampleOf(description, randomClip(description, seed, 0));
  const probabilities = new Float64Array(subPixelCount(description) * levels);
  try {
    const drawn = await new ImageSampler(network, weights, parameters).draw({
      given: () => examples.given,
      known: Int16Array.from(examples.image.dataSync(), (level, subPixel) => (unknown[subPixel] === 1 ? -1 : level)),
      noise: new Noise(seed),
      streams: [{ sample: 0, frame: 0, scale: 0 }],
      settings: { temperature: 1 },
      probabilities,
      onProgress: (share) =>
        onProgress?.({ check: 'likelihood', size, done: share * size.height, total: size.height, unit: 'rows' }),
      signal,
    });
    const onLevel = (done: number) =>
      onProgress?.({ check: 'probabilities', size, done, total: levels, unit: 'levels' });
    const scoredSums = await sumsOfScored(network, parameters, examples.given, drawn.levels, onLevel, signal);
    const drawnSums = Float64Array.from(unknown, (_, i) => sumOf(probabilities.subarray(i * levels, (i + 1) * levels)));
    const nats = await valuesOf(() => {
      const image = imageOf(network, drawn.levels);
      return subPixelNats(network, parameters, { ...examples, image, seen: image });
    });
    const scored = nats.reduce((sum, own, subPixel) => sum + own * unknown[subPixel], 0);
    // A scale of one pixel may have none to draw: its bits are none.
    const bitsPerNat = BITS_PER_NAT / Math.max(1, unknown.filter(Boolean).length);
    return {
      ...{ drawnBitsPerDim: drawn.nats[0] * bitsPerNat, scoredBitsPerDim: scored * bitsPerNat },
      ...{ drawnSumError: errorOf(drawnSums), scoredSumError: errorOf(scoredSums) },
    };
  } finally {
    disposeExamples(examples);
  }
}

const sumOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);

/** The largest distance of a sum from 1. */
const errorOf = (sums: Float64Array) => sums.reduce((most, sum) => Math.max(most, Math.abs(sum - 1)), 0);

/** The sums, at every sub-pixel of an image, of the probabilities of all levels as they are scored, in float64. */
async function sumsOfScored(
  network: Network,
  parameters: readonly Tensor[],
  given: Given,
  image: Int16Array,
  onLevel: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const { head: description, levels, channels } = network.description;
  const head = headOf(description);
  const pixels = image.length / channels;
  const { outputs, anchors } = tf.tidy(() => {
    const condition = conditionOf(network, parameters, given);
    const output = networkOutput(network, parameters, imageOf(network, image), condition);
    return {
      outputs: tf.reshape<Rank.R2>(output, [pixels, -1]),
      anchors: tf.clone(anchorsByPixel(network, condition, pixels)),
    };
  });
  try {
    const scored = new Float64Array(image.length);
    for (let level = 0; level < levels; level++) {
      for (let channel = 0; channel < channels; channel++) {
        // The colours before are the image's: they are known where a level of this one is scored.
        const targets = Int32Array.from(image, (own, i) => (i % channels === channel ? level : own));
        const nats = await valuesOf(() =>
          head.nats(description, levels, outputs, tf.tensor2d(targets, [pixels, channels], 'int32'), anchors),
        );
        for (let i = channel; i < image.length; i += channels) scored[i] += Math.exp(-nats[i]);
      }
      onLevel(level + 1);
      signal?.throwIfAborted();
    }
    return scored;
  } finally {
    tf.dispose([outputs, anchors]);
  }
}

function imageOf({ description: { size, channels } }: Network, levels: Int16Array): Tensor4D {
  return tf.tensor4d(Float32Array.from(levels), [1, size.height, size.width, channels]);
}
