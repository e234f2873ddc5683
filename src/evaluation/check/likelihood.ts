import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { unknownSubPixels } from '../../model/chain.js';
import { disposeExamples, type Examples } from '../../model/examples.js';
import { headOf } from '../../model/heads/index.js';
import { anchorsByPixel, conditionOf, networkOutput, subPixelNats, type Network } from '../../model/network.js';
import { ImageSampler, type DrawnImages } from '../../sampling/image-sampler.js';
import { Noise } from '../../sampling/noise.js';
import { BITS_PER_NAT } from '../scoring.js';
import { exampleOf, randomClip } from './check-example.js';
import { subPixelCount } from './sub-pixels.js';

/** What a network's sampler and its whole-image executor say of an image that the sampler drew. */
export interface LikelihoodAgreement {
  /** The sum of the conditional likelihoods that the sampler drew from, and the teacher-forced likelihood. */
  drawnBitsPerDim: number;
  scoredBitsPerDim: number;
  /** Largest distance from 1 of a sub-pixel's probabilities, as drawn from and as scored. */
  drawnSumError: number;
  scoredSumError: number;
}

export interface LikelihoodSettings {
  seed: bigint | number;
  /** Told after each row drawn, and after each level whose probabilities are added. */
  onProgress?: ((what: 'draw' | 'score', done: number, total: number, unit: 'rows' | 'levels') => void) | undefined;
  signal?: AbortSignal | undefined;
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
  { seed, onProgress, signal }: LikelihoodSettings,
): Promise<LikelihoodAgreement> {
  const { description } = network;
  const unknown = unknownSubPixels(description) ?? new Float32Array(subPixelCount(description)).fill(1);
  const clip = randomClip(description, seed, 0);
  const examples = exampleOf(description, clip);
  const probabilities = new Float64Array(subPixelCount(description) * description.levels);
  let drawn: DrawnImages;
  try {
    drawn = await new ImageSampler(network, weights, parameters).draw({
      given: () => examples.given,
      known: Int16Array.from(examples.image.dataSync(), (level, subPixel) => (unknown[subPixel] === 1 ? -1 : level)),
      noise: new Noise(seed),
      streams: [{ sample: 0, frame: 0, scale: 0 }],
      settings: { temperature: 1, topP: 1 },
      probabilities,
      onProgress: (share) => onProgress?.('draw', share * description.size.height, description.size.height, 'rows'),
      signal,
    });
    const image = tf.tensor4d(Float32Array.from(drawn.levels), examples.image.shape);
    tf.dispose([examples.image, examples.seen]);
    Object.assign(examples, { image, seen: image });
  } catch (error) {
    disposeExamples(examples);
    throw error;
  }
  try {
    const onLevel = (done: number) => onProgress?.('score', done, description.levels, 'levels');
    const scoredSumError = sumError(await scoredSums(network, parameters, examples, onLevel, signal));
    const drawnSumError = sumError(sumsOf(probabilities, description.levels));
    const scoredNats = await natsOf(network, parameters, examples);
    const scored = scoredNats.reduce((sum, nats, subPixel) => sum + nats * unknown[subPixel], 0);
    // A scale of one pixel may have none to draw: its bits are none.
    const dimensions = Math.max(
      1,
      unknown.reduce((sum, one) => sum + one, 0),
    );
    const bitsPerDim = (nats: number) => (nats / dimensions) * BITS_PER_NAT;
    return {
      drawnBitsPerDim: bitsPerDim(drawn.nats[0]),
      scoredBitsPerDim: bitsPerDim(scored),
      drawnSumError,
      scoredSumError,
    };
  } finally {
    disposeExamples(examples);
  }
}

/** Nats of each sub-pixel of an example. */
async function natsOf(network: Network, parameters: readonly Tensor[], examples: Examples): Promise<Float64Array> {
  const nats = tf.tidy(() => subPixelNats(network, parameters, examples));
  const values = Float64Array.from(await nats.data());
  nats.dispose();
  return values;
}

/** Of each row of so many probabilities. */
function sumsOf(probabilities: Float64Array, levels: number): Float64Array {
  const sums = new Float64Array(probabilities.length / levels);
  for (let at = 0; at < probabilities.length; at++) sums[Math.floor(at / levels)] += probabilities[at];
  return sums;
}

function sumError(sums: Float64Array): number {
  return sums.reduce((most, sum) => Math.max(most, Math.abs(sum - 1)), 0);
}

/** The sums, at every sub-pixel of an image, of the probabilities of all levels as they are scored, in float64. */
async function scoredSums(
  network: Network,
  parameters: readonly Tensor[],
  examples: Examples,
  onLevel: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const { head: description, levels, channels } = network.description;
  const head = headOf(description);
  const subPixels = examples.image.size;
  const pixels = subPixels / channels;
  const { outputs, anchors } = tf.tidy(() => {
    const condition = conditionOf(network, parameters, examples.given);
    const output = networkOutput(network, parameters, examples.image, condition);
    return {
      outputs: tf.reshape<Rank.R2>(output, [pixels, -1]),
      anchors: tf.clone(anchorsByPixel(network, condition, pixels)),
    };
  });
  try {
    const sums = new Float64Array(subPixels);
    const levelsOfImage = Int32Array.from(await examples.image.data());
    for (let level = 0; level < levels; level++) {
      for (let channel = 0; channel < channels; channel++) {
        // The colours before are the image's: they are known where a level of this one is scored.
        const nats = tf.tidy(() => {
          const targets = levelsOfImage.map((own, i) => (i % channels === channel ? level : own));
          return head.nats(description, levels, outputs, tf.tensor2d(targets, [pixels, channels], 'int32'), anchors);
        });
        const values = await nats.data();
        nats.dispose();
        for (let i = channel; i < subPixels; i += channels) sums[i] += Math.exp(-values[i]);
      }
      onLevel(level + 1);
      signal?.throwIfAborted();
    }
    return sums;
  } finally {
    tf.dispose([outputs, anchors]);
  }
}
