import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { convolutionWithBias } from '../backend/convolution.js';
import { gruStep } from '../backend/gru.js';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import { DIFFERENCE_GAIN, scaleLevels, type ContextTensors } from './context/context-tensors.js';
import { bindLayers, layerParameters, unmaskedShape, type ConvolutionLayer } from './layers.js';

/** Schema of the description of a convolutional GRU. */
export const gruSchema = z.strictObject({
  /** Number of context frames that the GRU reads. */
  context: z.int().min(2).max(32),
  /** Number of features of the state. */
  features: z.int().min(2).max(1024).multipleOf(2, 'must be even'),
});

/** Description of a convolutional GRU: numbers of context frames and of features of the state. */
export type GruDescription = z.infer<typeof gruSchema>;

/** Description of a convolutional GRU, and of the conditioning that it is part of. */
interface ConvGru extends GruDescription {
  /** First part of the parameters' names. */
  prefix: string;
  /** Number of features of the output. */
  outputs: number;
  /** Shape of the images. */
  network: ImageShape;
}

/** Returns the layers before the GRU, which read each frame alone, and the layer after it. */
function layers({ prefix, features, outputs, network: { channels } }: ConvGru): ConvolutionLayer[] {
  const name = (layer: string) => `${prefix}.gru.${layer}`;
  return [
    { name: name('to-half'), kernel: 4, from: 2 * channels, to: features / 2, stride: 2 },
    { name: name('to-quarter'), kernel: 4, from: features / 2, to: features, stride: 2 },
    { name: name('from-state'), kernel: 3, from: features, to: outputs, stride: 1 },
  ];
}

/**
 * Returns the parameters of a GRU: those of the layers, and of the convolutions from a frame's features (1x1) and from
 * the state (3x3) to the gates.
 */
export function gruParameters(gru: ConvGru): ParameterSpec[] {
  const { prefix, features } = gru;
  const gates = (from: string, kernel: number) =>
    convolutionParameters(`${prefix}.gru.${from}-to-gates`, unmaskedShape(kernel, features, 3 * features));
  return [...layers(gru).flatMap(layerParameters), ...gates('frame', 1), ...gates('state', 3)];
}

/**
 * Runs a convolutional GRU (1511.06432, equations 5 to 8) over context frames, oldest first, at a quarter of their
 * size. The state is zero before the first existing frame. The reset gate is applied after the convolution, as in
 * cuDNN, so that one convolution a frame reads the state; the activations are piecewise linear (see kernels/gru.ts).
 * Call `runGru` within `tf.tidy`.
 * @param weights tensors in the order of `gruParameters`
 * @param state state after all context frames but the last, [batch, height / 4, width / 4, features], with sizes
 *   rounded up; only the last frame is then read. Undefined: the state is computed from all context frames
 * @returns feature map, [batch, height / 4, width / 4, outputs], and the state after the last frame
 */
export function runGru(
  gru: ConvGru,
  { frames, valid, missing = [0] }: ContextTensors,
  weights: readonly Tensor[],
  state?: Tensor4D,
): { map: Tensor4D; state: Tensor4D } {
  const bound = bindLayers(layers(gru), weights);
  const [toHalf, toQuarter, fromState] = bound;
  const [frameWeights, frameBias, stateWeights, stateBias] = weights.slice(2 * bound.length);
  const toGates = (x: Tensor4D, kernel: Tensor, bias: Tensor) =>
    convolutionWithBias(x, kernel as Tensor4D, bias as Tensor1D);
  // A frame that exists in no example leaves the state at zero. At least one frame is read.
  const first = state === undefined ? Math.min(...missing, frames.length - 1) : frames.length - 1;
  const read = frames.slice(first);
  const before = [frames[Math.max(0, first - 1)], ...read.slice(0, -1)];
  const half = (gru.network.levels - 1) / 2;
  // All frames in one batch, as no frame waits for another here.
  const [levels, earlier] = [read, before].map((all) => tf.concat(all, 0));
  const scaled = scaleLevels(gru.network, levels);
  const change = tf.mul<Tensor4D>(tf.sub(levels, earlier), DIFFERENCE_GAIN / half);
  const found = toQuarter(toHalf(tf.concat([scaled, change], 3)));
  const ofFrames = toGates(found, frameWeights, frameBias);
  // tfjs cannot differentiate a split into one part.
  const inputs = read.length === 1 ? [ofFrames] : tf.split<Tensor4D>(ofFrames, read.length, 0);
  const [, height, width, features] = found.shape;
  const [batch] = valid.shape;
  // A plane of the mask is constant in an image.
  const exist = read.map((_, k) => tf.slice(valid, [0, 0, 0, first + k], [batch, height, width, 1]));
  const start = state ?? tf.zeros<Rank.R4>([batch, height, width, features]);
  const last = inputs.reduce(
    (current, input, k) => gruStep(input, toGates(current, stateWeights, stateBias), current, exist[k]),
    start,
  );
  return { map: fromState(last), state: last };
}
