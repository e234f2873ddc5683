import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterShape } from '../backend/convolution-shape.js';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import { convolutionWithBias } from '../backend/convolution.js';
import { relu } from '../backend/element-wise.js';

/** Convolution of a conditioning network followed by a ReLU; a transposed convolution if `transposed`. */
export interface ConvolutionLayer {
  /** First part of the names of the parameters. */
  name: string;
  /** Kernel height and width. */
  kernel: number;
  /** Number of input features. */
  from: number;
  /** Number of output features. */
  to: number;
  /** Divisor of the height and width, rounded up; a multiplier if transposed. */
  stride: number;
  /** True for a transposed convolution. */
  transposed?: true;
}

/**
 * Returns the parameter shape of an unmasked convolution, with a kernel of `kernel` x `kernel` pixels, `from` input
 * features and `to` output features. All offsets of its taps are 0, as parameters do not depend on them.
 */
export function unmaskedShape(kernel: number, from: number, to: number): ParameterShape {
  const taps = Array.from({ length: kernel * kernel }, (_, position) => ({ dy: 0, dx: 0, position, sees: [from] }));
  return { kernel: { height: kernel, width: kernel }, inFeatures: from, outFeatures: to, groups: [to], taps };
}

/**
 * Returns the parameters of a layer: `<name>.weights`, [kernel, kernel, from, to] or, if transposed, [kernel, kernel,
 * to, from], and `<name>.bias`, [to].
 */
export function layerParameters({ name, kernel, from, to, transposed }: ConvolutionLayer): ParameterSpec[] {
  const specs = convolutionParameters(name, unmaskedShape(kernel, from, to));
  if (transposed) specs[0] = { ...specs[0], shape: [kernel, kernel, to, from] };
  return specs;
}

/**
 * Function that runs a layer, bound to its weights, on `x`. A transposed layer requires `size`, the size of its output;
 * other layers do not read `size`.
 */
export type RunLayer = (x: Tensor4D, size?: { height: number; width: number }) => Tensor4D;

/**
 * Returns functions that run the layers, with zero padding, bias and ReLU. Call these functions within `tf.tidy`.
 * @param weights tensors in the order of the layers' parameters
 */
export function bindLayers(layers: readonly ConvolutionLayer[], weights: readonly Tensor[]): RunLayer[] {
  return layers.map(({ stride, to, transposed }, index) => {
    const kernel = weights[2 * index] as Tensor4D;
    const bias = weights[2 * index + 1] as Tensor1D;
    return (x, size) => {
      if (!transposed || size === undefined) return relu(convolutionWithBias(x, kernel, bias, stride));
      const outShape: [number, number, number, number] = [x.shape[0], size.height, size.width, to];
      return relu(tf.add<Tensor4D>(tf.conv2dTranspose(x, kernel, outShape, stride, 'same'), bias));
    };
  });
}

/** Scale of the initial weights of an output layer, relative to an ordinary layer's. */
const OUTPUT_SCALE = 0.3;

/**
 * Returns the parameters of an output layer: a 1x1 convolution without a ReLU, whose initial outputs are small.
 * @param initialise function that returns the initial bias
 */
export function outputLayerParameters(
  name: string,
  from: number,
  to: number,
  initialise: ParameterSpec['initialise'],
): ParameterSpec[] {
  const [weights, bias] = convolutionParameters(name, unmaskedShape(1, from, to));
  return [
    { ...weights, initialise: (uniform) => weights.initialise(uniform).map((value) => OUTPUT_SCALE * value) },
    { ...bias, initialise },
  ];
}

/**
 * Runs an output layer. Call `runOutputLayer` within `tf.tidy`.
 * @param weights tensors in the order of `outputLayerParameters`
 */
export function runOutputLayer(x: Tensor4D, [weights, bias]: readonly Tensor[]): Tensor4D {
  return convolutionWithBias(x, weights as Tensor4D, bias as Tensor1D);
}

/** Returns the residual connection x + layer(x). Call `residual` within `tf.tidy`. */
export function residual(x: Tensor4D, layer: RunLayer): Tensor4D {
  return tf.add<Tensor4D>(x, layer(x));
}

/** Names of the sizes of a trunk below full size, each half of the one before. */
const SMALLER_SIZES = ['half', 'quarter', 'eighth'] as const;

/** Default number of times that a trunk halves the size. */
export const DEFAULT_HALVINGS = 2;
/** Maximum number of times that a trunk halves the size. */
export const MAX_HALVINGS = SMALLER_SIZES.length;

/**
 * Returns the 4 * halvings + 2 layers of a trunk, a U-Net with additive skip connections: convolutions down to 1 /
 * 2^halvings of the size, and transposed ones back up. The trunk's output, a feature map, shows fine detail and motion
 * of a dozen pixels.
 * @param prefix first part of the layers' names
 * @param inputs number of input features
 * @param features number of features of the map; the layers at smaller sizes have twice as many
 * @param halvings number of times that the size is halved
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

/**
 * Runs a trunk on `inputs`, [batch, height, width, features]. Call `runTrunk` within `tf.tidy`.
 * @param layers the bound `trunkLayers`
 * @param quarter feature map to add at a quarter of the size, [batch, height / 4, width / 4, 2 features], with sizes
 *   rounded up; default: none
 * @returns the feature map, [batch, height, width, features]
 */
export function runTrunk(layers: readonly RunLayer[], inputs: Tensor4D, quarter?: Tensor4D): Tensor4D {
  const halvings = (layers.length - 2) / 4;
  const map = layers[layers.length - 1];
  /** Returns the contribution of the smaller sizes to a size. */
  const fromBelow = (x: Tensor4D, depth: number): Tensor4D => {
    const [to, first, second] = layers.slice(1 + 3 * depth);
    const from = layers[layers.length - 2 - depth];
    const given = quarter !== undefined && depth === 1 ? tf.add<Tensor4D>(to(x), quarter) : to(x);
    const smaller = residual(residual(given, first), second);
    const whole = depth + 1 < halvings ? tf.add<Tensor4D>(smaller, fromBelow(smaller, depth + 1)) : smaller;
    const [, height, width] = x.shape;
    return from(whole, { height, width });
  };
  const fine = layers[0](inputs);
  return map(tf.add<Tensor4D>(fine, fromBelow(fine, 0)));
}
