import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { constantsOf } from './constants.js';
import { filterMask, weightShape, type ConvolutionShape } from './convolution-shape.js';
import { runOrCompose } from './operation.js';

/**
 * Convolution of r(x) plus bias plus an added map; r is ReLU where `relu`, else the identity. Like its two gradients it
 * is a piece for an operation that brings its own gradient: it is not differentiable by the tape.
 *
 * @param x [batch, inHeight, inWidth, inFeatures]
 * @param weights [kernel height, kernel width, inFeatures, outFeatures], zero where masked
 * @param options bias [outFeatures]; plus [batch, outHeight, outWidth, outFeatures]
 * @returns [batch, outHeight, outWidth, outFeatures]
 */
export function convolution(
  x: Tensor4D,
  weights: Tensor4D,
  shape: ConvolutionShape,
  options: { bias?: Tensor1D | undefined; plus?: Tensor4D | undefined; relu?: boolean } = {},
): Tensor4D {
  const { bias, plus, relu = false } = options;
  const numbers = { shape, batch: x.shape[0], relu };
  const { out } = runOrCompose('convolution', numbers, { x, weights, bias, plus }, () => {
    let out = tf.conv2d(toWindow(relu ? tf.relu(x) : x, shape), weights, shape.stride, 'valid');
    if (bias) out = tf.add(out, bias);
    return { out: plus ? tf.add(out, plus) : out };
  });
  return out as Tensor4D;
}

/**
 * Gradient of `convolution` with respect to x, zero where `reluInput` (the x of a forward call with `relu`) is not
 * above zero; then plus is added.
 *
 * @param dy [batch, outHeight, outWidth, outFeatures]
 * @returns [batch, inHeight, inWidth, inFeatures], as are reluInput and plus
 */
export function convolutionInputGradient(
  dy: Tensor4D,
  weights: Tensor4D,
  shape: ConvolutionShape,
  options: { reluInput?: Tensor4D | undefined; plus?: Tensor4D | undefined } = {},
): Tensor4D {
  const { reluInput, plus } = options;
  const batch = dy.shape[0];
  const { dx } = runOrCompose('convolutionInputGradient', { shape, batch }, { dy, weights, reluInput, plus }, () => {
    const { rows, columns } = windowOf(shape);
    const size: [number, number, number, number] = [batch, rows.length, columns.length, shape.inFeatures];
    let dx = fromWindow(tf.conv2dTranspose(dy, weights, size, shape.stride, 'valid'), shape);
    if (reluInput) dx = tf.mul(dx, tf.step(reluInput));
    return { dx: plus ? tf.add(dx, plus) : dx };
  });
  return dx as Tensor4D;
}

/**
 * Gradients of `convolution` with respect to its weights (zero where masked) and its bias.
 *
 * @param x the forward call's input, with the same `relu`
 * @param dy [batch, outHeight, outWidth, outFeatures]
 */
export function convolutionFilterGradient(
  x: Tensor4D,
  dy: Tensor4D,
  shape: ConvolutionShape,
  options: { relu?: boolean } = {},
): { weights: Tensor4D; bias: Tensor1D } {
  const { relu = false } = options;
  const numbers = { shape, batch: x.shape[0], relu };
  const { dWeights, dBias } = runOrCompose('convolutionFilterGradient', numbers, { x, dy }, () => {
    const window = toWindow(relu ? tf.relu(x) : x, shape);
    const attributes = {
      ...{ strides: shape.stride, pad: 'valid', dataFormat: 'NHWC', dimRoundingMode: '' },
      filterShape: weightShape(shape),
    };
    const dense: Tensor = tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: window, dy }, attributes);
    const [mask] = constantsOf(shape, () => [tf.tensor4d(filterMask(shape), weightShape(shape))]);
    return { dWeights: tf.mul(dense, mask), dBias: tf.sum(dy, [0, 1, 2]) };
  });
  return { weights: dWeights as Tensor4D, bias: dBias as Tensor1D };
}

/** Where a stretch of an axis lies: zeros to add on both sides, and input to leave out on both sides. */
interface Stretch {
  length: number;
  added: [number, number];
  left: [number, number];
}

/**
 * The part of the plane of input pixels that a convolution without padding reads to give the output: the input with
 * some zeros around it, or some of its edge left out.
 */
function windowOf({ inHeight, inWidth, outHeight, outWidth, stride, kernel, taps }: ConvolutionShape): {
  rows: Stretch;
  columns: Stretch;
} {
  const { dy, dx, position } = taps[0];
  return {
    rows: stretch(dy - Math.floor(position / kernel.width), (outHeight - 1) * stride + kernel.height, inHeight),
    columns: stretch(dx - (position % kernel.width), (outWidth - 1) * stride + kernel.width, inWidth),
  };
}

function stretch(start: number, length: number, size: number): Stretch {
  const end = start + length - size;
  return { length, added: [Math.max(-start, 0), Math.max(end, 0)], left: [Math.max(start, 0), Math.max(-end, 0)] };
}

/** [batch, inHeight, inWidth, features] -> its window. */
function toWindow(x: Tensor4D, shape: ConvolutionShape): Tensor4D {
  const { rows, columns } = windowOf(shape);
  const [batch, , , features] = x.shape;
  const padded = tf.pad(x, [[0, 0], rows.added, columns.added, [0, 0]]);
  return tf.slice(padded, [0, rows.left[0], columns.left[0], 0], [batch, rows.length, columns.length, features]);
}

/** The transpose of `toWindow`: what the window's pixels give back to the input's. */
function fromWindow(window: Tensor4D, shape: ConvolutionShape): Tensor4D {
  const { rows, columns } = windowOf(shape);
  const [batch, , , features] = window.shape;
  const padded = tf.pad(window, [[0, 0], rows.left, columns.left, [0, 0]]);
  const size = [batch, shape.inHeight, shape.inWidth, features];
  return tf.slice(padded, [0, rows.added[0], columns.added[0], 0], size);
}
