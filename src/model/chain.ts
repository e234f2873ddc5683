import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../backend/parameters.js';
import { inputRequirements, type ConditioningOutputs } from '../conditioning/index.js';
import { subsample } from '../conditioning/context/context-tensors.js';
import { predictsFrame, scaleSteps, type ModelDescription, type NetworkDescription } from './description.js';
import { frameBytes } from '../foundation/levels.js';
import { downsampleInputs, type Examples, type ExampleShape } from '../conditioning/context/examples.js';
import { buildNetwork, runConditioning, scoreNetwork, type Network, type NetworkScore } from './network.js';

/** Chain of scales ready to run: the networks of a model, the coarsest first. */
export interface Chain {
  /** Networks, the coarsest scale first. @internal */
  scales: readonly Network[];
  /** Factor, down and across, by which each scale is subsampled from the finest one. @internal */
  steps: readonly number[];
  /** Parameters of all scales in order, named `scales.<index>.<name>`. @internal */
  parameters: readonly ParameterSpec[];
  /** Shape of the examples: the size of the finest scale, and the longest context of all scales. */
  exampleShape: ExampleShape;
  /** True if the sum over scales is the exact likelihood, since shared pixels are known; false if it is a bound. */
  exact: boolean;
}

/** Builds the networks of a model description. */
export function buildChain({ scales: descriptions }: ModelDescription): Chain {
  const scales = descriptions.map(buildNetwork);
  const { size, channels, levels } = descriptions[descriptions.length - 1];
  const context = Math.max(...descriptions.map(({ conditioning }) => inputRequirements(conditioning).context));
  return {
    scales,
    steps: scaleSteps(descriptions),
    parameters: scales.flatMap(({ parameters }, scale) =>
      parameters.map((spec) => ({ ...spec, name: `scales.${scale}.${spec.name}` })),
    ),
    exampleShape: { size, channels, levels, context },
    exact: descriptions.every((network) => inputRequirements(network.conditioning).coarser?.known !== false),
  };
}

/**
 * Returns true if a model can predict expected frames at several strides, and one after another: see `predictsFrame`.
 */
export function canPredictAtStrides({ scales }: Chain): boolean {
  return predictsFrame({ scales: scales.map(({ description }) => description) });
}

/** Returns the elements of `values`, in the order of `chain.parameters`, that belong to one scale. */
export function selectScaleParameters<T>({ scales }: Chain, scale: number, values: readonly T[]): T[] {
  const start = scales.slice(0, scale).reduce((sum, { parameters }) => sum + parameters.length, 0);
  return values.slice(start, start + scales[scale].parameters.length);
}

/** Returns the number of sub-pixels of an image at the finest scale: the divisor of bits/dim. */
export function countSubPixels({ exampleShape }: Chain): number {
  return frameBytes(exampleShape);
}

/**
 * Returns the examples of one scale: images and context frames, each subsampled from the finest scale by its factor in
 * `chain.steps`. Their coarser image is subsampled from `inputImage`. Disposes nothing; the result may share tensors
 * with `examples`.
 * @param scale index of the scale; 0: the coarsest
 * @param examples examples at the finest scale
 */
export function downsampleExamples(chain: Chain, scale: number, examples: Examples): Examples {
  const step = chain.steps[scale];
  const coarser = scale === 0 ? undefined : subsample(examples.inputImage, chain.steps[scale - 1]);
  return {
    image: subsample(examples.image, step),
    inputImage: subsample(examples.inputImage, step),
    earlierPixels: examples.earlierPixels,
    conditioningInputs: downsampleInputs(
      examples.conditioningInputs,
      inputRequirements(chain.scales[scale].description.conditioning),
      step,
      coarser,
    ),
  };
}

/** Score of examples by the network of one scale. */
export interface ScaleScore extends NetworkScore {
  /** Images of the scale, [batch, height, width, channels]. */
  image: Tensor4D;
}

/**
 * Scores examples at some scales of a chain. Nats are 0 for sub-pixels known from the coarser scale. Call `scoreChain`
 * within `tf.tidy`.
 * @param parameters tensors in the order of `chain.parameters`
 * @param scales indices of the scales; default: all
 * @param kept outputs of `conditionChain` for the examples and `scales`, without gradients; default: computed here,
 *   with gradients
 * @returns a score for each of `scales`
 */
export function scoreChain(
  chain: Chain,
  parameters: readonly Tensor[],
  examples: Examples,
  scales: readonly number[] = chain.scales.map((_, scale) => scale),
  kept?: readonly (ConditioningOutputs | null)[],
): ScaleScore[] {
  return scales.map((scale, place) => {
    const network = chain.scales[scale];
    const own = downsampleExamples(chain, scale, examples);
    const { nats, anchors } = scoreNetwork(
      network,
      selectScaleParameters(chain, scale, parameters),
      own,
      kept?.[place],
    );
    const unknown = unknownMask(network.description);
    const counted = unknown === null ? nats : tf.mul<Tensor2D>(nats, tf.tensor2d(unknown, [1, unknown.length]));
    return { nats: counted, anchors, image: own.image };
  });
}

/**
 * Runs the conditionings of some scales on examples (see `runConditioning`). Returns their outputs, one for each of
 * `scales`; null for an unconditional network. Call `conditionChain` within `tf.tidy`.
 * @param parameters tensors in the order of `chain.parameters`
 * @param scales indices of the scales
 */
export function conditionChain(
  chain: Chain,
  parameters: readonly Tensor[],
  examples: Examples,
  scales: readonly number[],
): (ConditioningOutputs | null)[] {
  return scales.map((scale) => {
    const { conditioningInputs } = downsampleExamples(chain, scale, examples);
    return runConditioning(chain.scales[scale], selectScaleParameters(chain, scale, parameters), conditioningInputs);
  });
}

/**
 * Returns the mask of sub-pixels that a network predicts, height x width x channels: 1 if predicted, 0 if known from
 * the coarser scale. Returns null if all are predicted.
 */
export function unknownMask(description: NetworkDescription): Float32Array | null {
  const { size, channels, conditioning } = description;
  const { coarser } = inputRequirements(conditioning);
  if (coarser === null || !coarser.known) return null;
  return Float32Array.from({ length: frameBytes(description) }, (_, at) => {
    const pixel = Math.floor(at / channels);
    const y = Math.floor(pixel / size.width);
    const x = pixel % size.width;
    return y % coarser.factor === 0 && x % coarser.factor === 0 ? 0 : 1;
  });
}
