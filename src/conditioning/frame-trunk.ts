import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Size } from '../frame.js';
import type { ImageShape } from '../levels.js';
import type { FrameWindow } from './frame-window.js';
import { residual, type ConvolutionLayer, type RunLayer } from './layers.js';

/** Between two frames little changes: this brings their difference to the range of the other inputs. */
export const DIFFERENCE_GAIN = 8;

/** Number of layers of `trunkLayers`. */
export const TRUNK_LAYERS = 10;

/**
 * Convolutions down to a quarter of the size and transposed convolutions back up, each size added to its equal on the
 * way down, so that the map knows fine detail as well as movement of a dozen pixels.
 *
 * @param prefix of the layers' names
 * @param inputs features of what is read
 * @param features of the map; the layers at half and at quarter size have twice as many
 */
export function trunkLayers(prefix: string, inputs: number, features: number): ConvolutionLayer[] {
  const inner = 2 * features;
  const name = (layer: string) => `${prefix}.${layer}`;
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

/** Numbers that `trunkLayers` put out for one example. */
export function trunkActivations(features: number, { width, height }: Size): number {
  const pixels = (step: number) => Math.ceil(width / step) * Math.ceil(height / step);
  return features * (3 * pixels(1) + 8 * pixels(2) + 6 * pixels(4));
}

/** The map, [batch, height, width, features]. @param layers the bound `trunkLayers` */
export function runTrunk(layers: readonly RunLayer[], inputs: Tensor4D): Tensor4D {
  const [full, toHalf, half0, half1, toQuarter, quarter0, quarter1, fromQuarter, fromHalf, map] = layers;
  const sizeOf = ({ shape: [, height, width] }: Tensor4D) => ({ height, width });
  const fine = full(inputs);
  const half = residual(residual(toHalf(fine), half0), half1);
  const quarter = residual(residual(toQuarter(half), quarter0), quarter1);
  const back = tf.add<Tensor4D>(half, fromQuarter(quarter, sizeOf(half)));
  const up = tf.add<Tensor4D>(fine, fromHalf(back, sizeOf(fine)));
  return map(up);
}

/** The frames of a window scaled to -1..1, oldest first. */
export function scaledFrames({ levels }: Pick<ImageShape, 'levels'>, { frames }: FrameWindow): Tensor4D[] {
  const middle = (levels - 1) / 2;
  return frames.map((frame) => tf.div<Tensor4D>(tf.sub(frame, middle), middle));
}
