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
  /** Largest distance from 1 of a sub-pixel's probabilities, as drawn from (`distribution`) and as scored (`nats`). */
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
  let drawn: DrawnImages;
  try {
    drawn = await new ImageSampler(network, weights, parameters).draw({
      given: () => examples.given,
      known: Int16Array.from(examples.image.dataSync(), (level, subPixel) => (unknown[subPixel] === 1 ? -1 : level)),
      noise: new Noise(seed),
      streams: [{ sample: 0, frame: 0, scale: 0 }],
      settings: { temperature: 1, topP: 1 },
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
    const errors = await sumErrors(network, parameters, examples, onLevel, signal);
    const scoredNats = await natsOf(network, parameters, examples);
    const scored = scoredNats.reduce((sum, nats, subPixel) => sum + nats * unknown[subPixel], 0);
    // A scale of one pixel may have none to draw: its bits are none.
    const dimensions = Math.max(
      1,
      unknown.reduce((sum, one) => sum + one, 0),
    );
    const bitsPerDim = (nats: number) => (nats / dimensions) * BITS_PER_NAT;
    return { drawnBitsPerDim: bitsPerDim(drawn.nats[0]), scoredBitsPerDim: bitsPerDim(scored), ...errors };
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

/** Sums, at every sub-pixel of an image, the probabilities of all levels, in float64. */
async function sumErrors(
  network: Network,
  parameters: readonly Tensor[],
  examples: Examples,
  onLevel: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Pick<LikelihoodAgreement, 'drawnSumError' | 'scoredSumError'>> {
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
    const scored = new Float64Array(subPixels);
    const image = tf.tidy(() => tf.cast(tf.reshape<Rank.R2>(examples.image, [pixels, channels]), 'int32'));
    const levelsOfImage = await image.data();
    image.dispose();
    for (let level = 0; level < levels; level++) {
      for (let channel = 0; channel < channels; channel++) {
        // The colours before are the image's: they are known where a level of this one is scored.
        const nats = tf.tidy(() => {
          const targets = Int32Array.from(levelsOfImage, (own, i) => (i % channels === channel ? level : own));
          return head.nats(description, levels, outputs, tf.tensor2d(targets, [pixels, channels], 'int32'), anchors);
        });
        const values = await nats.data();
        nats.dispose();
        for (let i = channel; i < subPixels; i += channels) scored[i] += Math.exp(-values[i]);
      }
      onLevel(level + 1);
      signal?.throwIfAborted();
    }
    const [outputValues, anchorValues] = [(await outputs.data()) as Float32Array, await anchors.data()];
    const probabilities = new Float64Array(levels);
    const drawn = Float64Array.from({ length: subPixels }, (_, i) => {
      const pixel = Math.floor(i / channels);
      const view = {
        ...{ outputs: outputValues, outputsAt: (pixel * outputValues.length) / pixels },
        ...{ levels: levelsOfImage, levelsAt: pixel * channels },
        ...{ anchors: anchorValues, anchorsAt: (pixel * anchorValues.length) / pixels },
        anchorCount: anchorValues.length / subPixels,
      };
      head.distribution(description, levels, view, i % channels, 1, probabilities);
      return probabilities.reduce((sum, p) => sum + p, 0);
    });
    const error = (sums: Float64Array) => sums.reduce((most, sum) => Math.max(most, Math.abs(sum - 1)), 0);
    return { drawnSumError: error(drawn), scoredSumError: error(scored) };
  } finally {
    tf.dispose([outputs, anchors]);
  }
}
