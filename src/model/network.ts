import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../backend/parameters.js';
import {
  getConditioning,
  hasLearnedAnchor,
  type ConditioningOutputs,
  type ConditioningInputs,
} from '../conditioning/index.js';
import { scaleLevels } from '../conditioning/context/context-tensors.js';
import { imageFeatures, subPixelScale, type NetworkDescription } from './description.js';
import { EARLIER_PIXEL_LAYERS, countEarlierFeatures, computeEarlierFeatures } from './earlier-pixels/index.js';
import type { Examples } from '../conditioning/context/examples.js';
import { countHeadOutputs, getHead } from './heads/index.js';
import { getLayer } from './layers/index.js';
import { ProgramBuilder, type Program } from './program.js';
import type { Slot } from './groups.js';
import { runWholeImage } from './whole-image.js';

/** Network ready to run: its program, and the specifications of its parameters. */
export interface Network {
  description: NetworkDescription;
  program: Program;
  /** Parameters of the conditioning, then of the program. */
  parameters: readonly ParameterSpec[];
  /** Number of leading `parameters` that belong to the conditioning. */
  conditioningParameters: number;
}

/** Builds a network: a masked convolution, the layers, then ReLU and 1x1 layers to the head. */
export function buildNetwork(description: NetworkDescription): Network {
  const { size, channels, levels, first, head, conditioning } = description;
  const mapFeatures = conditioning.reduce((sum, given) => sum + getConditioning(given).mapFeatures(given), 0);
  const read = [imageFeatures(description), mapFeatures, countEarlierFeatures(description)] as const;
  const builder = new ProgramBuilder(size, channels, ...read);

  const map = builder.conditioned('first.map', first.features);
  const plus = builder.withEarlierFeatures(EARLIER_PIXEL_LAYERS.first, first.features, map);
  let x = builder.conv(builder.image, { name: 'first', kernel: first.kernel, features: first.features, plus });
  let skipped: Slot | null = null;
  for (const [index, layer] of description.layers.entries()) {
    x = getLayer(layer).build(builder, `layers.${index}`, layer, x);
    if (!description.skips) continue;
    skipped = builder.conv(x, { name: `skips.${index}`, kernel: 1, features: first.features, plus: skipped });
  }
  x = skipped ?? x;
  for (const [index, features] of description.output.entries())
    x = builder.conv(x, { name: `output.${index}`, kernel: 1, features, relu: true });
  const outputs = countHeadOutputs(head, levels, channels);
  // Features of earlier pixels are a guess at the pixel itself, which the head's means can follow directly.
  const guess = builder.withEarlierFeatures(EARLIER_PIXEL_LAYERS.head, outputs, null);
  x = builder.conv(x, { name: 'head', kernel: 1, features: outputs, relu: true, plus: guess });

  const program = builder.finish(x);
  const own = conditioning.flatMap((given) => getConditioning(given).parameters(given, description));
  return { description, program, parameters: [...own, ...program.parameters], conditioningParameters: own.length };
}

/**
 * Runs the conditionings of a network and joins their feature maps, anchors, references and state. Returns null for an
 * unconditional network. Call `runConditioning` within `tf.tidy`.
 * @param parameters tensors in the order of `network.parameters`
 * @param conditioningInputs conditioning inputs of the batch
 */
export function runConditioning(
  network: Network,
  parameters: readonly Tensor[],
  conditioningInputs: ConditioningInputs,
): ConditioningOutputs | null {
  const { description } = network;
  let used = 0;
  const conditions = description.conditioning.map((one) => {
    const conditioning = getConditioning(one);
    const count = conditioning.parameters(one, description).length;
    return conditioning.condition(one, description, conditioningInputs, parameters.slice(used, (used += count)));
  });
  if (conditions.length === 0) return null;
  const maps = conditions.map(({ map }) => map);
  const map = maps.length === 1 ? maps[0] : tf.concat(maps, 3);
  return {
    map,
    anchors: conditions.flatMap(({ anchors }) => anchors),
    references: conditions.flatMap(({ references }) => references),
    state: conditions.find(({ state }) => state !== undefined)?.state,
  };
}

/**
 * Returns the input features of whole images, [batch, height, width, channels * features]. The features of a sub-pixel
 * are its level, scaled to -1..1, then its difference from each anchor, scaled (see `subPixelScale`). They are
 * adjacent, so that those of a channel form one colour group. Differentiable in the anchors. Call `imageInput` within
 * `tf.tidy`.
 * @param image [batch, height, width, channels], in levels
 * @param anchors anchors of the conditioning; not read if the head uses none
 */
export function imageInput(description: NetworkDescription, image: Tensor4D, anchors: readonly Tensor4D[]): Tensor4D {
  const { gain } = subPixelScale(description);
  const scaled = scaleLevels(description, image);
  const read = anchors.slice(0, imageFeatures(description) - 1);
  if (read.length === 0) return scaled;
  const differences = read.map((anchor) => tf.mul(tf.sub(image, anchor), gain));
  const [batch, height, width] = image.shape;
  return tf.reshape(tf.stack([scaled, ...differences], 4), [batch, height, width, -1]);
}

/**
 * Returns the outputs for the head at every pixel of known images, [batch, height, width, outputs]. Call `runNetwork`
 * within `tf.tidy`.
 * @param parameters tensors in the order of `network.parameters`
 * @param image images in levels, [batch, height, width, channels]
 * @param condition outputs of `runConditioning`; null for an unconditional network
 * @param earlierPixels as in `Examples`
 * @param conditionLearns true to propagate gradients to `condition`
 */
export function runNetwork(
  network: Network,
  parameters: readonly Tensor[],
  image: Tensor4D,
  condition: ConditioningOutputs | null,
  earlierPixels: Tensor4D | null = null,
  conditionLearns = true,
): Tensor4D {
  const weights = parameters.slice(network.conditioningParameters);
  const input = imageInput(network.description, image, condition?.anchors ?? []);
  const earlierFeatures = condition && computeEarlierFeatures(network.description, image, condition, earlierPixels);
  return runWholeImage(network.program, weights, input, condition && condition.map, {
    earlierFeatures,
    mapGradients: conditionLearns,
    inputGradients: conditionLearns && hasLearnedAnchor(network.description.conditioning),
  });
}

/** Score of examples by a network. */
export interface NetworkScore {
  /** -log P of every sub-pixel, in nats, [batch, height * width * channels]. */
  nats: Tensor2D;
  /** Anchors of the conditioning, [batch, height, width, channels] each. Empty if there are none. */
  anchors: readonly Tensor4D[];
}

/**
 * Returns -log P(image | conditioning inputs) of every sub-pixel, in nats (1601.06759, equation 1), with the anchors.
 * Call `scoreNetwork` within `tf.tidy`.
 * @param parameters tensors in the order of `network.parameters`
 * @param kept outputs of `runConditioning` for the examples, without gradients; null for an unconditional network;
 *   default: computed here, with gradients
 */
export function scoreNetwork(
  network: Network,
  parameters: readonly Tensor[],
  examples: Examples,
  kept?: ConditioningOutputs | null,
): NetworkScore {
  const { head, levels, channels } = network.description;
  const { image, inputImage, conditioningInputs, earlierPixels } = examples;
  const condition = kept === undefined ? runConditioning(network, parameters, conditioningInputs) : kept;
  const output = runNetwork(network, parameters, inputImage, condition, earlierPixels, kept === undefined);
  const pixels = image.size / channels;
  const targets = tf.cast(tf.reshape<Rank.R2>(image, [pixels, channels]), 'int32');
  const outputs = tf.reshape<Rank.R2>(output, [pixels, -1]);
  const nats = getHead(head).nats(head, levels, outputs, targets, anchorsByPixel(network, condition, pixels));
  return { nats: tf.reshape(nats, [image.shape[0], -1]), anchors: condition?.anchors ?? [] };
}

/**
 * Returns the anchors in the layout of heads and engine, [pixels, channels * A]: those of `condition`, or the middle
 * level if there are none. Call `anchorsByPixel` within `tf.tidy`.
 * @param condition outputs of `runConditioning`; null for an unconditional network
 * @param pixels number of pixels of the batch: batch * height * width
 */
export function anchorsByPixel(
  { description }: Network,
  condition: ConditioningOutputs | null,
  pixels: number,
): Tensor2D {
  const { channels, levels } = description;
  const anchors = condition?.anchors ?? [];
  if (anchors.length === 0) return tf.fill([pixels, channels], (levels - 1) / 2);
  return tf.reshape(anchors.length === 1 ? anchors[0] : tf.stack(anchors, 4), [pixels, channels * anchors.length]);
}
