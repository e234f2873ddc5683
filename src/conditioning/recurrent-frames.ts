import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import type { ImageShape } from '../foundation/levels.js';
import type { Conditioning, ConditioningOutputs } from './conditioning.js';
import { DIFFERENCE_GAIN, scaleFrames, type ContextTensors } from './context/context-tensors.js';
import { bindLayers, layerParameters, unmaskedShape, type ConvolutionLayer } from './layers.js';
import { conditionOnWarped, warpedFrames, warpedFramesSchema, warpedParameters } from './warped-frames.js';

const schema = z
  .strictObject({
    type: z.literal('recurrent-frames'),
    /** Number of context frames, from which the state is computed. */
    context: z.int().min(2).max(16),
    /** Number of features of the state, which has a quarter of the height and width. */
    state: z.int().min(1).max(512),
    /** Conditioning on the last context frames, warped. */
    warped: warpedFramesSchema,
  })
  .refine(({ context, warped }) => warped.context <= context, {
    path: ['warped', 'context'],
    message: 'must be at most as many frames as the state is computed from',
  })
  .refine(({ warped }) => warped.finer === undefined && warped.coarser === undefined, {
    path: ['warped'],
    message: 'must have neither finer nor coarser',
  });

/**
 * Description of a conditioning on the recurrent state of a ConvGRU: numbers of frames and features, and the warped
 * frames. @inline
 */
export type RecurrentFramesDescription = z.infer<typeof schema>;

const PREFIX = 'recurrent-frames';
/** Layers from a frame to the inputs of a step, and from the last state to features of full size. */
const ENCODERS = 2;

function layers({ state }: RecurrentFramesDescription, { channels }: ImageShape): ConvolutionLayer[] {
  const half = Math.ceil(state / 2);
  const name = (layer: string) => `${PREFIX}.${layer}`;
  return [
    // Of each frame: itself, its difference from the one before, and whether it exists.
    { name: name('to-half'), kernel: 4, from: 2 * channels + 1, to: half, stride: 2 },
    { name: name('to-quarter'), kernel: 4, from: half, to: state, stride: 2 },
    { name: name('from-quarter'), kernel: 4, from: state, to: half, stride: 2, transposed: true },
    { name: name('from-half'), kernel: 4, from: half, to: half, stride: 2, transposed: true },
  ];
}

/** Returns the parameters of the ConvGRU: 3x3 convolutions of the input, of the state, and of the reset state. */
function cellParameters({ state }: RecurrentFramesDescription): ParameterSpec[] {
  const [ofInput, bias] = convolutionParameters(`${PREFIX}.input`, unmaskedShape(3, state, 3 * state));
  const [ofState] = convolutionParameters(`${PREFIX}.state`, unmaskedShape(3, state, 2 * state));
  const [ofReset] = convolutionParameters(`${PREFIX}.reset`, unmaskedShape(3, state, state));
  return [ofInput, bias, ofState, ofReset];
}

/**
 * Conditioning on warped context frames whose motion is predicted from the state of a recurrent network too: a ConvGRU
 * (1511.06432, equations 1 to 4) at a quarter of the height and width, which reads the context frames one after
 * another. The state remembers what is hidden in the last frames, such as a digit behind another one.
 */
export const recurrentFrames: Conditioning<RecurrentFramesDescription> = {
  schema,
  needs: ({ context }) => ({ context, coarser: null, finer: 1 }),
  anchors: 2,
  learned: true,
  earlierPixels: ({ warped }) => warpedFrames.earlierPixels!(warped),
  mapFeatures: ({ warped }) => warpedFrames.mapFeatures(warped),
  parameters: (description, network) => [
    ...layers(description, network).flatMap(layerParameters),
    ...cellParameters(description),
    ...warpedParameters(description.warped, network, Math.ceil(description.state / 2)),
  ],

  condition(description, network, { context }, weights): ConditioningOutputs {
    if (context === undefined) throw new TypeError('recurrent-frames: no frames were given');
    const own = layers(description, network);
    const used = 2 * own.length + cellParameters(description).length;
    const memory = tf.tidy(() => {
      const [ofLayers, ofCell] = [weights.slice(0, 2 * own.length), weights.slice(2 * own.length, used)];
      const run = bindLayers(own, ofLayers);
      const encode = (x: Tensor4D) => run.slice(0, ENCODERS).reduce((y, layer) => layer(y), x);
      const state = runCell(description, ofCell, encode(frameInputs(network, context)), context.frames.length);
      const [, height, width] = context.frames[0].shape;
      const half = { height: Math.ceil(height / 2), width: Math.ceil(width / 2) };
      return run[ENCODERS + 1](run[ENCODERS](state, half), { height, width });
    });
    const last = { context: lastFrames(context, description.warped.context) };
    return conditionOnWarped(description.warped, network, last, weights.slice(used), [memory]);
  },
};

/**
 * Returns the inputs of all steps, one after another, [frames * batch, height, width, 2 * channels + 1]: scaled frames,
 * differences from the frame before, and a plane, 1 if the frame exists.
 */
function frameInputs(network: ImageShape, context: ContextTensors): Tensor4D {
  const scaled = scaleFrames(network, context);
  const valid = tf.split<Tensor4D>(context.valid, scaled.length, 3);
  return tf.concat(
    scaled.map((frame, k) => {
      const change = tf.mul<Tensor4D>(tf.sub(frame, scaled[Math.max(0, k - 1)]), DIFFERENCE_GAIN);
      return tf.concat<Tensor4D>([frame, change, valid[k]], 3);
    }),
    0,
  );
}

/**
 * Runs the ConvGRU over the steps from a state of zeros. Returns the last state, [batch, height, width, state]. With
 * inputs x, state h, `*` a convolution and . a product of elements:
 *
 *     z = sigmoid(Wz * x + Uz * h + bz), r = sigmoid(Wr * x + Ur * h + br)
 *     n = tanh(Wn * x + Un * (r . h) + bn)
 *     h = h + z . (n - h)
 *
 * @param inputs [steps * batch, height, width, state]
 */
function runCell(
  { state: features }: RecurrentFramesDescription,
  [ofInput, bias, ofState, ofReset]: readonly Tensor[],
  inputs: Tensor4D,
  steps: number,
): Tensor4D {
  const convolve = (x: Tensor4D, kernel: Tensor) => tf.conv2d(x, kernel as Tensor4D, 1, 'same');
  const split = (x: Tensor4D, parts: number) => tf.split<Tensor4D>(x, parts, 3);
  const read = tf.split<Tensor4D>(tf.add<Tensor4D>(convolve(inputs, ofInput), bias), steps, 0);
  const [, height, width] = inputs.shape;
  let h: Tensor4D = tf.zeros([inputs.shape[0] / steps, height, width, features]);
  for (const x of read) {
    const [xz, xr, xn] = split(x, 3);
    const [hz, hr] = split(convolve(h, ofState), 2);
    const update = tf.sigmoid(tf.add<Tensor4D>(xz, hz));
    const reset = tf.sigmoid(tf.add<Tensor4D>(xr, hr));
    const candidate = tf.tanh(tf.add<Tensor4D>(xn, convolve(tf.mul<Tensor4D>(reset, h), ofReset)));
    h = tf.add<Tensor4D>(h, tf.mul(update, tf.sub(candidate, h)));
  }
  return h;
}

/** Returns the last `count` frames of a context, of at least as many. */
function lastFrames({ frames, valid, noise, known }: ContextTensors, count: number): ContextTensors {
  const [batch, height, width, all] = valid.shape;
  return {
    frames: frames.slice(all - count),
    valid: tf.slice<Rank.R4, Tensor4D>(valid, [0, 0, 0, all - count], [batch, height, width, count]),
    noise,
    ...(known && { known: { ...known, frames: known.frames.slice(all - count) } }),
  };
}
