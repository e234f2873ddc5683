import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { convolutionWithBias } from '../backend/convolution.js';
import { relu } from '../backend/element-wise.js';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import { DIFFERENCE_GAIN, scaleFrames, type ContextTensors } from './context/context-tensors.js';
import { bindLayers, layerParameters, unmaskedShape, type ConvolutionLayer } from './layers.js';

/** Returns the layers before the cell, which read each frame alone, and the layer after it. */
function layers(prefix: string, features: number, { channels }: ImageShape): ConvolutionLayer[] {
  const name = (layer: string) => `${prefix}.memory.${layer}`;
  return [
    { name: name('to-half'), kernel: 4, from: 2 * channels + 1, to: features / 2, stride: 2 },
    { name: name('to-quarter'), kernel: 4, from: features / 2, to: features, stride: 2 },
    { name: name('from-state'), kernel: 3, from: features, to: features, stride: 1 },
  ];
}

/**
 * Returns the parameters of a memory: those of the layers, and of the convolutions from a frame's features (1x1) and
 * from the hidden state (3x3) to the gates.
 * @param prefix first part of the parameters' names
 * @param features number of features of the hidden state, an even number
 */
export function memoryParameters(prefix: string, features: number, network: ImageShape): ParameterSpec[] {
  const gates = (from: string, kernel: number) =>
    convolutionParameters(`${prefix}.memory.${from}-to-gates`, unmaskedShape(kernel, features, 3 * features));
  return [...layers(prefix, features, network).flatMap(layerParameters), ...gates('frame', 1), ...gates('state', 3)];
}

/**
 * Runs a convolutional GRU (1511.06432, equations 5 to 8) over all context frames, oldest first, at a quarter of their
 * size. With the gates' inputs x of a frame and u of the state h: z = s(x_z + u_z), r = s(x_r + u_r), n = t(x_n + r
 * u_n), and h becomes n + z (h - n); the first h is zero. The reset gate r is applied after the convolution, as in
 * cuDNN, so that one convolution a frame reads the state. The activations s and t are piecewise linear: x/4 + 1/2 cut
 * to 0..1, and x cut to -1..1. Call `runMemory` within `tf.tidy`.
 * @param weights tensors in the order of `memoryParameters`
 * @returns feature map, [batch, height / 4, width / 4, features], with sizes rounded up
 */
export function runMemory(
  prefix: string,
  features: number,
  network: ImageShape,
  context: ContextTensors,
  weights: readonly Tensor[],
): Tensor4D {
  const bound = bindLayers(layers(prefix, features, network), weights);
  const [toHalf, toQuarter, fromState] = bound;
  const [frameWeights, frameBias, stateWeights, stateBias] = weights.slice(2 * bound.length);
  const toGates = (x: Tensor4D, kernel: Tensor, bias: Tensor) =>
    convolutionWithBias(x, kernel as Tensor4D, bias as Tensor1D);
  const scaled = scaleFrames(network, context);
  const exists = tf.split<Tensor4D>(context.valid, scaled.length, 3);
  const planes = scaled.map((frame, k) => {
    const change = tf.mul<Tensor4D>(tf.sub(frame, scaled[Math.max(0, k - 1)]), DIFFERENCE_GAIN);
    return tf.concat([frame, change, exists[k]], 3);
  });
  // All frames in one batch, as no frame waits for another here.
  const fromFrames = toGates(toQuarter(toHalf(tf.concat(planes, 0))), frameWeights, frameBias);
  const parts = [2 * features, features];
  const steps = tf.split<Tensor4D>(fromFrames, scaled.length, 0);
  const state = steps.reduce<Tensor4D | null>((state, step) => {
    const [xGates, xCandidate] = tf.split<Tensor4D>(step, parts, 3);
    if (state === null) {
      const [z] = tf.split<Tensor4D>(hardSigmoid(xGates), 2, 3);
      return tf.mul<Tensor4D>(tf.sub(1, z), hardTanh(xCandidate));
    }
    const [uGates, uCandidate] = tf.split<Tensor4D>(toGates(state, stateWeights, stateBias), parts, 3);
    const [z, r] = tf.split<Tensor4D>(hardSigmoid(tf.add<Tensor4D>(xGates, uGates)), 2, 3);
    const candidate = hardTanh(tf.add<Tensor4D>(xCandidate, tf.mul(r, uCandidate)));
    return tf.add<Tensor4D>(candidate, tf.mul(z, tf.sub(state, candidate)));
  }, null);
  return fromState(state!);
}

// Made of ReLUs, as these have native kernels: an exact sigmoid took half as long as the rest of a training step.

/** Returns x / 4 + 1/2, cut to 0..1. */
function hardSigmoid(x: Tensor4D): Tensor4D {
  const y = tf.add<Tensor4D>(tf.mul(x, 0.25), 0.5);
  return tf.sub(relu(y), relu(tf.sub<Tensor4D>(y, 1)));
}

/** Returns x, cut to -1..1. */
function hardTanh(x: Tensor4D): Tensor4D {
  const y = tf.add<Tensor4D>(x, 1);
  return tf.sub(tf.sub<Tensor4D>(relu(y), relu(tf.sub<Tensor4D>(y, 2))), 1);
}
