import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { ImageShape } from '../levels.js';
import type { Condition, Conditioning } from './conditioning.js';
import type { FrameWindow } from './frame-window.js';
import { bindLayers, layerParameters, residual, type ConvolutionLayer } from './layers.js';

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

/**
 * Convolutions down to a quarter of the size and transposed convolutions back up, each size added to its equal on the
 * way down, so that the map knows fine detail as well as movement of a dozen pixels.
 */
function layers(description: PreviousFramesDescription, network: ImageShape): ConvolutionLayer[] {
  const { context, features } = description;
  const inputs = context * network.channels + (context > 1 ? network.channels : 0) + context;
  const inner = 2 * features;
  const name = (layer: string) => `previous-frames.${layer}`;
  return [
    { name: name('full'), kernel: 3, from: inputs, to: features, stride: 1 },
    { name: name('to-half'), kernel: 4, from: features, to: inner, stride: 2 },
    { name: name('half.0'), kernel: 3, from: inner, to: inner, stride: 1 },
    { name: name('half.1'), kernel: 3, from: inner, to: inner, stride: 1 },
    { name: name('to-quarter'), kernel: 4, from: inner, to: inner, stride: 2 },
    { name: name('quarter.0'), kernel: 3, from: inner, to: inner, stride: 1 },
    { name: name('quarter.1'), kernel: 3, from: inner, to: inner, stride: 1 },
    { name: name('from-quarter'), kernel: 4, from: inner, to: inner, stride: 2, transposed: true },
    { name: name('from-half'), kernel: 4, from: inner, to: features, stride: 2, transposed: true },
    { name: name('map'), kernel: 3, from: features, to: features, stride: 1 },
  ];
}

/** The previous frames, scaled, their last difference, and a plane for each that tells whether the frame exists. */
function inputs({ context }: PreviousFramesDescription, { levels }: ImageShape, window: FrameWindow): Tensor4D {
  const { frames, valid } = window;
  const middle = (levels - 1) / 2;
  const scaled = frames.map((frame) => tf.div<Tensor4D>(tf.sub(frame, middle), middle));
  if (context === 1) return tf.concat([...scaled, valid], 3);
  const difference = tf.sub(scaled[context - 1], scaled[context - 2]);
  return tf.concat([...scaled, tf.mul<Tensor4D>(difference, DIFFERENCE_GAIN), valid], 3);
}

/**
 * Conditioning on the frames before (1601.06759, section 3.6, with the previous frames in the place of the small
 * image): convolutions and transposed convolutions turn them into a map of `features` x height x width.
 */
export const previousFrames: Conditioning<PreviousFramesDescription> = {
  type: 'previous-frames',
  schema,
  needs: ({ context }) => ({ context, coarser: null }),
  anchored: true,
  mapFeatures: (description) => description.features,
  parameters: (description, network) => layers(description, network).flatMap(layerParameters),

  condition(description, network, given, weights): Condition {
    if (given.window === undefined) throw new TypeError('previous-frames: no frames were given');
    const { window } = given;
    const bound = bindLayers(layers(description, network), weights);
    const [full, toHalf, half0, half1, toQuarter, quarter0, quarter1, fromQuarter, fromHalf, map] = bound;
    const sizeOf = ({ shape: [, height, width] }: Tensor4D) => ({ height, width });
    const fine = full(inputs(description, network, window));
    const half = residual(residual(toHalf(fine), half0), half1);
    const quarter = residual(residual(toQuarter(half), quarter0), quarter1);
    const back = tf.add<Tensor4D>(half, fromQuarter(quarter, sizeOf(half)));
    const up = tf.add<Tensor4D>(fine, fromHalf(back, sizeOf(fine)));
    return { map: map(up), anchor: window.frames[description.context - 1] };
  },
};
