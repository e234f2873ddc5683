import { tf } from '../foundation/tfjs.js';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { ImageShape } from '../foundation/levels.js';
import type { FrameWindow } from './frame-window.js';
import { residual, type ConvolutionLayer, type RunLayer } from './layers.js';

/** Between two frames little changes: this brings their difference to the range of the other inputs. */
export const DIFFERENCE_GAIN = 8;

/** The trunk's sizes below the full one, each half of the one before. */
const SMALLER_SIZES = ['half', 'quarter', 'eighth'] as const;

/** How often a trunk halves the size where its description does not say. */
export const DEFAULT_HALVINGS = 2;
export const MOST_HALVINGS = SMALLER_SIZES.length;

/**
 * Convolutions down to a quarter or an eighth of the size and transposed ones back up, each size added to its equal on
 * the way down: the map knows fine detail as well as movement of a dozen pixels. There are 4 * halvings + 2 layers.
 * @param inputs features of what is read
 * @param features of the map; the layers at smaller sizes have twice as many
 */
export function trunkLayers(
  prefix: string,
  inputs: number,
  features: number,
  halvings = DEFAULT_HALVINGS,
): ConvolutionLayer[] {
  const inner = 2 * features;
  const name = (layer: string) => `${prefix}.${layer}`;
  const sizes = SMALLER_SIZES.slice(0, halvings).map((size, depth) => ({
    size,
    above: depth === 0 ? features : inner,
  }));
  const down = sizes.flatMap(({ size, above }): ConvolutionLayer[] => [
    { name: name(`to-${size}`), kernel: 4, from: above, to: inner, stride: 2 },
    { name: name(`${size}.0`), kernel: 3, from: inner, to: inner, stride: 1 },
    { name: name(`${size}.1`), kernel: 3, from: inner, to: inner, stride: 1 },
  ]);
  const up = sizes.map(({ size, above }): ConvolutionLayer => {
    return { name: name(`from-${size}`), kernel: 4, from: inner, to: above, stride: 2, transposed: true };
  });
  return [
    { name: name('full'), kernel: 3, from: inputs, to: features, stride: 1 },
    ...down,
    ...up.reverse(),
    { name: name('map'), kernel: 3, from: features, to: features, stride: 1 },
  ];
}

/** The map, [batch, height, width, features]. @param layers the bound `trunkLayers` */
export function runTrunk(layers: readonly RunLayer[], inputs: Tensor4D): Tensor4D {
  const halvings = (layers.length - 2) / 4;
  const map = layers[layers.length - 1];
  /** What the sizes below this one add to it. */
  const fromBelow = (x: Tensor4D, depth: number): Tensor4D => {
    const [to, first, second] = layers.slice(1 + 3 * depth);
    const from = layers[layers.length - 2 - depth];
    const smaller = residual(residual(to(x), first), second);
    const whole = depth + 1 < halvings ? tf.add<Tensor4D>(smaller, fromBelow(smaller, depth + 1)) : smaller;
    const [, height, width] = x.shape;
    return from(whole, { height, width });
  };
  const fine = layers[0](inputs);
  return map(tf.add<Tensor4D>(fine, fromBelow(fine, 0)));
}

/** The frames of a window scaled to -1..1, oldest first. */
export function scaledFrames({ levels }: Pick<ImageShape, 'levels'>, { frames }: FrameWindow): Tensor4D[] {
  const middle = (levels - 1) / 2;
  return frames.map((frame) => tf.div<Tensor4D>(tf.sub(frame, middle), middle));
}
