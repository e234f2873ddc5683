import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { WarpShape } from '../backend/kernels.js';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import { warpedMixture } from '../backend/warp.js';
import type { ImageShape } from '../levels.js';
import type { Condition, Conditioning } from './conditioning.js';
import { DIFFERENCE_GAIN, runTrunk, scaledFrames, TRUNK_LAYERS, trunkActivations, trunkLayers } from './frame-trunk.js';
import type { FrameWindow } from './frame-window.js';
import { bindLayers, layerParameters, unmaskedShape, type ConvolutionLayer } from './layers.js';

const schema = z.strictObject({
  type: z.literal('warped-frames'),
  /** How many frames before the predicted one are given. */
  context: z.int().min(1).max(16),
  /** Features of the map; the inner layers have twice as many at half and at quarter size. */
  features: z.int().min(1).max(512),
  /** Displacements that each frame is read at. */
  flows: z.int().min(1).max(8),
});

export type WarpedFramesDescription = z.infer<typeof schema>;

const PREFIX = 'warped-frames';
/** Pixels that one unit of output moves, and the share of half the range of levels that one unit of residual adds. */
const FLOW_SCALE = 4;
const RESIDUAL_SCALE = 1 / 8;
/** The first weights of the motion and the residual are this part of an ordinary layer's. */
const FIRST_SCALE = 0.3;
/** The first flows are random within this many units, and the last frame is preferred by this much, in log-odds. */
const FIRST_FLOW = 0.17;
const FIRST_LOGIT = 5;
/** The strongest noise that training tells is about this share of half the range of levels. */
const NOISE_GAIN = 8;

function warpShape({ context, flows }: WarpedFramesDescription, { size, channels }: ImageShape): WarpShape {
  return { ...size, channels, frames: context, flows, flowScale: FLOW_SCALE };
}

/** The trunk, then the layer that reads what the motion made of the frames. */
function layers({ context, features }: WarpedFramesDescription, { channels }: ImageShape): ConvolutionLayer[] {
  const inputs = context * channels + (context - 1) * channels + context + 1;
  const seen = { name: `${PREFIX}.moved`, kernel: 3, from: features + 2 * channels, to: features, stride: 1 };
  return [...trunkLayers(PREFIX, inputs, features), seen];
}

/** 1x1 layers without a ReLU: the map's features to the motion, and to the residual. */
function outputParameters(description: WarpedFramesDescription, { channels }: ImageShape): ParameterSpec[] {
  const { context, features, flows } = description;
  const count = context * flows;
  const biases = (uniform: () => number) =>
    Float32Array.from({ length: 3 * count }, (_, output) => {
      if (output < 2 * count) return (2 * uniform() - 1) * FIRST_FLOW;
      return output - 2 * count >= count - flows ? FIRST_LOGIT : 0;
    });
  return [
    ...smallLayer(`${PREFIX}.motion`, features, 3 * count, biases),
    ...smallLayer(`${PREFIX}.residual`, features, channels, () => new Float32Array(channels)),
  ];
}

function smallLayer(name: string, from: number, to: number, biases: ParameterSpec['initialise']): ParameterSpec[] {
  const [weights, bias] = convolutionParameters(name, unmaskedShape(1, from, to));
  return [
    { ...weights, initialise: (uniform) => weights.initialise(uniform).map((value) => FIRST_SCALE * value) },
    { ...bias, initialise: biases },
  ];
}

/**
 * The frames, scaled, the difference of each to the one before, a plane for each that tells whether the frame exists, and
 * the strength of the noise in what is read.
 */
function inputs(network: ImageShape, window: FrameWindow, scaled: readonly Tensor4D[]): Tensor4D {
  const differences = scaled.slice(1).map((frame, k) => tf.mul<Tensor4D>(tf.sub(frame, scaled[k]), DIFFERENCE_GAIN));
  const noise = tf.mul<Tensor4D>(window.noise, (2 * NOISE_GAIN) / (network.levels - 1));
  return tf.concat([...scaled, ...differences, window.valid, noise], 3);
}

/**
 * Conditioning on the frames before, of which the next is made by moving: each pixel is a mixture of what stands at `flows`
 * displacements in each frame (bilinear, so that it is differentiable; 1506.02025, equation 5), and a residual. That
 * picture is the first anchor, the last frame the second. The map has seen both.
 */
export const warpedFrames: Conditioning<WarpedFramesDescription> = {
  type: 'warped-frames',
  schema,
  needs: ({ context }) => ({ context, coarser: null }),
  anchors: 2,
  learned: true,
  mapFeatures: ({ features }) => features,
  parameters: (description, network) => [
    ...layers(description, network).flatMap(layerParameters),
    ...outputParameters(description, network),
  ],
  activations({ context, features, flows }, { size, channels }) {
    const besideTrunk = features + 3 * context * flows + 2 * channels;
    return trunkActivations(features, size) + besideTrunk * size.width * size.height;
  },

  condition(description, network, given, weights): Condition {
    if (given.window === undefined) throw new TypeError('warped-frames: no frames were given');
    const { window } = given;
    const half = (network.levels - 1) / 2;
    const scaled = scaledFrames(network, window);
    const bound = bindLayers(layers(description, network), weights);
    const trunk = runTrunk(bound, inputs(network, window, scaled));
    const pointwise = weights.slice(2 * (TRUNK_LAYERS + 1));
    const motion = linear(trunk, pointwise[0], pointwise[1]);
    const frames = window.frames.length === 1 ? window.frames[0] : tf.concat([...window.frames], 3);
    const moved = warpedMixture(warpShape(description, network), frames, motion);
    const last = scaled[description.context - 1];
    const movedScaled = tf.div<Tensor4D>(tf.sub(moved, half), half);
    const change = tf.mul<Tensor4D>(tf.sub(movedScaled, last), DIFFERENCE_GAIN);
    const map = bound[TRUNK_LAYERS](tf.concat([trunk, movedScaled, change], 3));
    const residual = linear(map, pointwise[2], pointwise[3]);
    const anchor = tf.add<Tensor4D>(moved, tf.mul(residual, RESIDUAL_SCALE * half));
    return { map, anchors: [anchor, window.frames[description.context - 1]] };
  },
};

function linear(x: Tensor4D, kernel: Tensor, bias: Tensor): Tensor4D {
  return tf.add(tf.conv2d(x, kernel as Tensor4D, 1, 'same'), bias);
}
