import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterShape } from '../backend/convolution-shape.js';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import { relu } from '../backend/element-wise.js';

/** An ordinary convolution of a conditioning network, or (where `transposed`) the transpose of one, then a ReLU. */
export interface ConvolutionLayer {
  name: string;
  /** Kernel height and width. */
  kernel: number;
  from: number;
  to: number;
  /** Divides the size; multiplies it where transposed. */
  stride: number;
  transposed?: true;
}

/** As much of the shape of a convolution that sees everything as its parameters need. */
export function unmaskedShape(kernel: number, from: number, to: number): ParameterShape {
  const taps = Array.from({ length: kernel * kernel }, (_, position) => ({ dy: 0, dx: 0, position, sees: [from] }));
  return { kernel: { height: kernel, width: kernel }, inFeatures: from, outFeatures: to, groups: [to], taps };
}

/** `<name>.weights` and `<name>.bias`; a transposed layer has those of the convolution whose transpose it is. */
export function layerParameters({ name, kernel, from, to, transposed }: ConvolutionLayer): ParameterSpec[] {
  const specs = convolutionParameters(name, unmaskedShape(kernel, from, to));
  if (transposed) specs[0] = { ...specs[0], shape: [kernel, kernel, to, from] };
  return specs;
}

/** A layer with its weights; a transposed one needs the height and width that it makes. */
export type RunLayer = (x: Tensor4D, size?: { height: number; width: number }) => Tensor4D;

/** Makes layers ready to run. @param weights in the order of the layers' parameters */
export function bindLayers(layers: readonly ConvolutionLayer[], weights: readonly Tensor[]): RunLayer[] {
  return layers.map(({ stride, to, transposed }, index) => {
    const [kernel, bias] = [weights[2 * index] as Tensor4D, weights[2 * index + 1] as Tensor1D];
    return (x, size) => {
      const y =
        transposed && size !== undefined
          ? tf.conv2dTranspose(x, kernel, [x.shape[0], size.height, size.width, to], stride, 'same')
          : tf.conv2d(x, kernel, stride, 'same');
      return relu(tf.add<Tensor4D>(y, bias));
    };
  });
}

/** x + layer(x). */
export function residual(x: Tensor4D, layer: RunLayer): Tensor4D {
  return tf.add<Tensor4D>(x, layer(x));
}

/** Sizes of a trunk below the full one, each half of the one before. */
const SMALLER_SIZES = ['half', 'quarter', 'eighth'] as const;

/** Number of times that a trunk halves the size if its description does not say. */
export const DEFAULT_HALVINGS = 2;
export const MOST_HALVINGS = SMALLER_SIZES.length;

/**
 * Returns the 4 * halvings + 2 layers of a trunk: convolutions down to a quarter or an eighth of the size and
 * transposed ones back up, each size added to its equal on the way down. So the map has fine detail as well as movement
 * of a dozen pixels.
 * @param inputs features that are read
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

/** Runs a trunk. @param layers the bound `trunkLayers` @returns the feature map, [batch, height, width, features] */
export function runTrunk(layers: readonly RunLayer[], inputs: Tensor4D): Tensor4D {
  const halvings = (layers.length - 2) / 4;
  const map = layers[layers.length - 1];
  /** Returns what the sizes below this one add to it. */
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
