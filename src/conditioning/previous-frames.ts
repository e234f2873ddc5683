import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { convolutionParameters, type ParameterShape } from '../backend/parameters.js';
import type { Condition, ConditionedNetwork, Conditioning, Given } from './conditioning.js';

const schema = z.strictObject({
  type: z.literal('previous-frames'),
  /** How many frames before the predicted one are given. */
  context: z.int().min(1).max(16),
  /** Features of the map; the inner layers have twice as many at half and at quarter size. */
  features: z.int().min(1).max(512),
});

export type PreviousFramesDescription = z.infer<typeof schema>;

/** Between the last two frames little changes: this brings their difference to the range of the other inputs. */
const DIFFERENCE_GAIN = 8;

interface Layer {
  name: string;
  kernel: number;
  from: number;
  to: number;
  /** 2: half the size (or, transposed, twice the size). */
  stride: 1 | 2;
  transposed?: true;
}

/**
 * Convolutions down to a quarter of the size and transposed convolutions back up, each size added to its equal on the
 * way down, so that the map knows fine detail as well as movement of a dozen pixels.
 */
function layers(description: PreviousFramesDescription, network: ConditionedNetwork): Layer[] {
  const { context, features } = description;
  const inputs = context * network.channels + (context > 1 ? network.channels : 0) + context;
  const inner = 2 * features;
  return [
    { name: 'full', kernel: 3, from: inputs, to: features, stride: 1 },
    { name: 'to-half', kernel: 4, from: features, to: inner, stride: 2 },
    { name: 'half.0', kernel: 3, from: inner, to: inner, stride: 1 },
    { name: 'half.1', kernel: 3, from: inner, to: inner, stride: 1 },
    { name: 'to-quarter', kernel: 4, from: inner, to: inner, stride: 2 },
    { name: 'quarter.0', kernel: 3, from: inner, to: inner, stride: 1 },
    { name: 'quarter.1', kernel: 3, from: inner, to: inner, stride: 1 },
    { name: 'from-quarter', kernel: 4, from: inner, to: inner, stride: 2, transposed: true },
    { name: 'from-half', kernel: 4, from: inner, to: features, stride: 2, transposed: true },
    { name: 'map', kernel: 3, from: features, to: features, stride: 1 },
  ];
}

type GivenFrames = NonNullable<Given['previousFrames']>;

/** Whether a batch's frames at one place in the context exist, [batch, 1]. */
function validAt(valid: Tensor2D, index: number): Tensor2D {
  return tf.slice(valid, [0, index], [-1, 1]);
}

/** The previous frames, scaled, their last difference, and a plane for each that tells whether the frame exists. */
function inputs(description: PreviousFramesDescription, network: ConditionedNetwork, given: GivenFrames): Tensor4D {
  const { context } = description;
  const { height, width } = network.size;
  const { levels, valid } = given;
  const batch = levels.shape[0];
  const exists = tf.reshape(valid, [batch, context, 1, 1, 1]);
  const middle = (network.levels - 1) / 2;
  const scaled = tf.mul(tf.div(tf.sub(levels, middle), middle), exists);
  const frames = tf.unstack(scaled, 1) as Tensor4D[];
  const planes = [...frames];
  if (context > 1) {
    const both = tf.reshape(tf.mul(validAt(valid, context - 1), validAt(valid, context - 2)), [-1, 1, 1, 1]);
    planes.push(tf.mul(tf.mul(tf.sub(frames[context - 1], frames[context - 2]), both), DIFFERENCE_GAIN));
  }
  planes.push(tf.tile(tf.reshape(valid, [batch, 1, 1, context]), [1, height, width, 1]));
  return tf.concat(planes, 3);
}

/** The last frame where it exists, else the middle level. */
function anchorOf(description: PreviousFramesDescription, network: ConditionedNetwork, given: GivenFrames): Tensor4D {
  const last = description.context - 1;
  const middle = (network.levels - 1) / 2;
  const frame = tf.squeeze(tf.slice(given.levels, [0, last, 0, 0, 0], [-1, 1, -1, -1, -1]), [1]) as Tensor4D;
  const exists = tf.reshape(validAt(given.valid, last), [-1, 1, 1, 1]);
  return tf.add(tf.mul(tf.sub(frame, middle), exists), middle);
}

/** Parameters of an ordinary convolution; of a transposed one, those of the convolution whose transpose it is. */
function layerParameters(layer: Layer) {
  const { name, kernel, from, to, transposed } = layer;
  const taps = Array.from({ length: kernel * kernel }, (_, position) => ({ dy: 0, dx: 0, position, sees: [from] }));
  const shape: ParameterShape = {
    kernel: { height: kernel, width: kernel },
    inFeatures: from,
    outFeatures: to,
    groups: [to],
    taps,
  };
  const specs = convolutionParameters(`previous-frames.${name}`, shape);
  if (transposed) specs[0] = { ...specs[0], shape: [kernel, kernel, to, from] };
  return specs;
}

function apply(layer: Layer, x: Tensor4D, weights: Tensor4D, bias: Tensor1D, like?: Tensor4D): Tensor4D {
  const y =
    layer.transposed && like
      ? tf.conv2dTranspose(x, weights, [like.shape[0], like.shape[1], like.shape[2], layer.to], layer.stride, 'same')
      : tf.conv2d(x, weights, layer.stride, 'same');
  return tf.relu(tf.add(y, bias));
}

/**
 * Conditioning on the frames before (1601.06759, section 3.6, with the previous frames in the place of the small
 * image): convolutions and transposed convolutions turn them into a map of `features` x height x width.
 */
export const previousFrames: Conditioning<PreviousFramesDescription> = {
  type: 'previous-frames',
  schema,
  mapFeatures: (description) => description.features,
  parameters: (description, network) => layers(description, network).flatMap(layerParameters),

  condition(description, network, given, weights): Condition {
    if (given.previousFrames === undefined) throw new TypeError('previous-frames: no frames were given');
    const frames = given.previousFrames;
    const run = layers(description, network).map((layer, index) => {
      const [kernel, bias] = [weights[2 * index] as Tensor4D, weights[2 * index + 1] as Tensor1D];
      return (x: Tensor4D, like?: Tensor4D) => apply(layer, x, kernel, bias, like);
    });
    const [full, toHalf, half0, half1, toQuarter, quarter0, quarter1, fromQuarter, fromHalf, map] = run;
    const residual = (x: Tensor4D, layer: (x: Tensor4D) => Tensor4D) => tf.add<Tensor4D>(x, layer(x));
    const fine = full(inputs(description, network, frames));
    const half = residual(residual(toHalf(fine), half0), half1);
    const quarter = residual(residual(toQuarter(half), quarter0), quarter1);
    const back = tf.add<Tensor4D>(half, fromQuarter(quarter, half));
    const up = tf.add<Tensor4D>(fine, fromHalf(back, fine));
    return { map: map(up), anchor: anchorOf(description, network, frames) };
  },
};
