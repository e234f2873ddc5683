import { tf } from '../../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConditioningInputs } from '../../conditioning/index.js';
import { PxvError } from '../../foundation/errors.js';
import { frameBytes } from '../../foundation/levels.js';
import { unknownMask } from '../../model/chain.js';
import { disposeExamples, type Examples } from '../../conditioning/context/examples.js';
import { getHead } from '../../model/heads/index.js';
import { anchorsByPixel, runConditioning, runNetwork, scoreNetwork, type Network } from '../../model/network.js';
import { MODEL_DISTRIBUTION } from '../../model/sampling-settings.js';
import { ImageSampler } from '../../sampling/image-sampler.js';
import { BITS_PER_NAT } from '../../evaluation/scoring.js';
import { makeExample, randomClip, readValues } from './check-example.js';
import { makeFinding, type CheckedNetwork, type Finding } from './finding.js';

/** Maximum difference between the likelihoods of the sampler and the whole-image executor, in bits/dim. */
const TOLERANCE = 1e-4;

/** Maximum difference between the means of the sampler and of the whole-image executor, in levels. */
const MEAN_TOLERANCE = 0.01;

/** Maximum distance of a sum of probabilities from 1: computed in float64 for drawing, in float32 for scoring. */
const SUM_TOLERANCE = { drawn: 1e-9, scored: 1e-5 };

/**
 * Checks that sampling and scoring agree: draws an image with the pixel-by-pixel sampler, and scores the image with the
 * whole-image executor. Findings are: whether both likelihoods agree to 0.0001 bits/dim, and whether the probabilities
 * of each sub-pixel sum to 1 in both. If probabilities are not finite, the only finding is a failed one. Context frames
 * or a coarser image, if the network reads them, are random. Of a head without a likelihood, drawn levels are compared
 * with means instead. Pixels known from the coarser image are neither drawn nor scored.
 * @param weights values of `checked.parameters`, as arrays
 * @throws the signal's reason if `checked.signal` is aborted
 */
export async function checkLikelihood(checked: CheckedNetwork, weights: readonly Float32Array[]): Promise<Finding[]> {
  const { network, parameters, seed, onProgress, signal } = checked;
  const { description } = network;
  const { size, levels } = description;
  const unknown = unknownMask(description) ?? new Float32Array(frameBytes(description)).fill(1);
  const examples = makeExample(description, randomClip(description, seed, 0));
  const probabilities = new Float64Array(frameBytes(description) * levels);
  try {
    const known = Int16Array.from(examples.image.dataSync(), (level, at) => (unknown[at] === 1 ? -1 : level));
    const onRow = (fraction: number) =>
      onProgress?.({ check: 'likelihood', size, done: fraction * size.height, total: size.height, unit: 'rows' });
    const image = await new ImageSampler(network, weights, parameters).draw(
      { scale: 0, conditioningInputs: () => examples.conditioningInputs, known, probabilities },
      { seed, samples: 1, frame: 0, settings: MODEL_DISTRIBUTION, onRow, signal },
    );
    if (!getHead(description.head).isLikelihood) return [await compareMeans(checked, examples, image.levels, unknown)];
    const drawnSums = Float64Array.from(unknown, (_, i) => sumOf(probabilities.subarray(i * levels, (i + 1) * levels)));
    const scoredSums = await sumsOfScored(checked, examples.conditioningInputs, image.levels);
    const nats = await readValues(() => {
      const drawn = imageOf(network, image.levels);
      return scoreNetwork(network, parameters, { ...examples, image: drawn, inputImage: drawn }).nats;
    });
    // A scale of one pixel may have no sub-pixel to draw, and costs no bits.
    const bitsPerNat = BITS_PER_NAT / Math.max(1, unknown.filter(Boolean).length);
    const drawn = image.nats[0] * bitsPerNat;
    const scored = nats.reduce((sum, own, subPixel) => sum + own * unknown[subPixel], 0) * bitsPerNat;
    const agree = `an image drawn at ${drawn.toFixed(6)} bits/dim is scored at ${scored.toFixed(6)}`;
    const apart = Math.abs(drawn - scored) <= TOLERANCE ? [] : [`${agree}: ${TOLERANCE} apart at most`];
    const drawnError = errorOf(drawnSums);
    const scoredError = errorOf(scoredSums);
    const sums =
      `sums over the levels lie within ${drawnError.toExponential(1)} of 1 as drawn from, ` +
      `${scoredError.toExponential(1)} as scored`;
    const isOne = drawnError <= SUM_TOLERANCE.drawn && scoredError <= SUM_TOLERANCE.scored;
    return [
      makeFinding('likelihood', size, apart, agree),
      makeFinding('probabilities', size, isOne ? [] : [sums], sums),
    ];
  } catch (error) {
    // Probabilities that are not finite cannot be drawn from.
    if (!(error instanceof PxvError && error.code === 'CHECKPOINT')) throw error;
    return [makeFinding('likelihood', size, [error.message], '')];
  } finally {
    disposeExamples(examples);
  }
}

/**
 * Compares the drawn levels of a head whose draws are means (see `Head.isLikelihood`) with the means that scoring has.
 * The cross-entropies with the lowest and the highest level differ by the logit of the mean.
 */
async function compareMeans(
  { network, parameters }: CheckedNetwork,
  examples: Examples,
  drawn: Int16Array,
  unknown: Float32Array,
): Promise<Finding> {
  const { size, levels } = network.description;
  const crossEntropy = (level: number) =>
    readValues(() => {
      const image = tf.mul<Tensor4D>(tf.onesLike(examples.image), level);
      return scoreNetwork(network, parameters, { ...examples, image, inputImage: imageOf(network, drawn) }).nats;
    });
  const [lowest, highest] = [await crossEntropy(0), await crossEntropy(levels - 1)];
  const apart = drawn.reduce((most, level, i) => {
    const mean = (levels - 1) / (1 + Math.exp(highest[i] - lowest[i]));
    return Math.max(most, unknown[i] * Math.abs(level - mean));
  }, 0);
  const text = `no likelihood: drawn levels lie within ${apart.toFixed(3)} of the means that are scored`;
  return makeFinding('likelihood', size, apart <= 0.5 + MEAN_TOLERANCE ? [] : [`${text}: 0.5 at most`], text);
}

const sumOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);

/** Returns the largest distance of a sum from 1. */
const errorOf = (sums: Float64Array) => sums.reduce((most, sum) => Math.max(most, Math.abs(sum - 1)), 0);

/** Returns, for each sub-pixel of an image, the sum in float64 of the scored probabilities of all levels. */
async function sumsOfScored(
  { network, parameters, onProgress, signal }: CheckedNetwork,
  given: ConditioningInputs,
  image: Int16Array,
): Promise<Float64Array> {
  const { head: description, levels, channels, size } = network.description;
  const head = getHead(description);
  const pixels = image.length / channels;
  const [outputs, anchors] = tf.tidy(() => {
    const condition = runConditioning(network, parameters, given);
    const output = runNetwork(network, parameters, imageOf(network, image), condition);
    return [tf.reshape<Rank.R2>(output, [pixels, -1]), tf.clone(anchorsByPixel(network, condition, pixels))];
  });
  try {
    const scored = new Float64Array(image.length);
    for (let level = 0; level < levels; level++) {
      for (let channel = 0; channel < channels; channel++) {
        // Earlier channels keep the image's levels: they are known when a level of this channel is scored.
        const targets = Int32Array.from(image, (own, i) => (i % channels === channel ? level : own));
        const nats = await readValues(() =>
          head.nats(description, levels, outputs, tf.tensor2d(targets, [pixels, channels], 'int32'), anchors),
        );
        for (let i = channel; i < image.length; i += channels) scored[i] += Math.exp(-nats[i]);
      }
      onProgress?.({ check: 'probabilities', size, done: level + 1, total: levels, unit: 'levels' });
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
