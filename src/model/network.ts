import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../backend/parameters.js';
import { conditionings, type Condition, type Given } from '../conditioning/index.js';
import type { NetworkDescription } from './description.js';
import type { Examples } from './examples.js';
import { headOf } from './heads/index.js';
import { imageFeatures, imageInput } from './image-input.js';
import { layerOf } from './layers/index.js';
import { ProgramBuilder, type Program } from './program.js';
import { runWholeImage } from './whole-image.js';

/** A description made ready to run: its program, and all its parameters in their order in checkpoints. */
export interface Network {
  description: NetworkDescription;
  program: Program;
  /** Those of the conditioning, then those of the program. */
  parameters: readonly ParameterSpec[];
  /** How many of them are the conditioning's. */
  conditioningParameters: number;
}

/**
 * Writes the program of a description: a masked convolution, the layers, then ReLU and 1x1 layers to the head's outputs.
 */
export function buildNetwork(description: NetworkDescription): Network {
  const { size, channels, levels, first, head, conditioning } = description;
  const given = conditioning === null ? null : conditionings[conditioning.type];
  const mapFeatures = conditioning === null || given === null ? 0 : given.mapFeatures(conditioning);
  const builder = new ProgramBuilder(size, channels, imageFeatures(description), mapFeatures);

  const map = builder.conditioned('first.map', first.features);
  let x = builder.conv(builder.image, { name: 'first', kernel: first.kernel, features: first.features, plus: map });
  description.layers.forEach((layer, index) => {
    x = layerOf(layer).build(builder, `layers.${index}`, layer, x);
  });
  description.output.forEach((features, index) => {
    x = builder.conv(x, { name: `output.${index}`, kernel: 1, features, relu: true });
  });
  const outputs = Array.from({ length: channels }, () => headOf(head).outputs(head, levels));
  x = builder.conv(x, { name: 'head', kernel: 1, features: outputs, relu: true });

  const program = builder.finish(x);
  const own = conditioning === null || given === null ? [] : given.parameters(conditioning, description);
  return { description, program, parameters: [...own, ...program.parameters], conditioningParameters: own.length };
}

/** What the conditioning makes of what is given; null for a network without one. */
export function conditionOf(network: Network, parameters: readonly Tensor[], given: Given): Condition | null {
  const { description, conditioningParameters } = network;
  if (description.conditioning === null) return null;
  const weights = parameters.slice(0, conditioningParameters);
  return conditionings[description.conditioning.type].condition(description.conditioning, description, given, weights);
}

/** The head's outputs for every sub-pixel, with the sub-pixels before it known. */
export function networkOutput(
  network: Network,
  parameters: readonly Tensor[],
  image: Tensor4D,
  condition: Condition | null,
): Tensor4D {
  const weights = parameters.slice(network.conditioningParameters);
  const input = imageInput(network.description, image, condition?.anchor ?? null);
  return runWholeImage(network.program, weights, input, condition?.map ?? null);
}

/**
 * -log P(image | given) of every sub-pixel, in nats (1601.06759, equation 1: their sum is that of the image).
 *
 * @param parameters in the order of `network.parameters`
 * @returns [batch, height * width * channels]
 */
export function subPixelNats(network: Network, parameters: readonly Tensor[], examples: Examples): Tensor2D {
  const { head, levels } = network.description;
  const { image, seen, given } = examples;
  const condition = conditionOf(network, parameters, given);
  const output = networkOutput(network, parameters, seen, condition);
  const targets = tf.cast(tf.reshape<Rank.R1>(image, [-1]), 'int32');
  const anchors: Tensor1D =
    condition === null ? tf.fill([image.size], (levels - 1) / 2) : tf.reshape<Rank.R1>(condition.anchor, [-1]);
  const outputs = tf.reshape<Rank.R2>(output, [image.size, -1]);
  const nats = headOf(head).nats(head, levels, outputs, targets, anchors);
  return tf.reshape(nats, [image.shape[0], -1]);
}
