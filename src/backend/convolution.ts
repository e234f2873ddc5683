import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { filterMask, weightShape, type ConvolutionShape } from './convolution-shape.js';
import { hasKernels, operationOf, runKernel, runOrCompose } from './operation.js';
import { ordinaryConvolution } from './ordinary-convolution.js';

/**
 * Convolves `x`: see kernels/convolution.ts. Its two gradients are not differentiable. The caller disposes the result.
 * @param x [batch, inHeight, inWidth, inFeatures]
 * @param weights [kernel height, kernel width, inFeatures, outFeatures], zero where masked
 * @param options `bias` [outFeatures]; `plus` [batch, outHeight, outWidth, outFeatures], added; `relu`: x goes through
 *   a ReLU first
 * @returns [batch, outHeight, outWidth, outFeatures]
 * @throws PxvError `USAGE` if a tensor does not fit `shape`
 */
export function convolution(
  x: Tensor4D,
  weights: Tensor4D,
  shape: ConvolutionShape,
  { bias, plus, relu = false }: { bias?: Tensor1D | undefined; plus?: Tensor4D | undefined; relu?: boolean } = {},
): Tensor4D {
  const numbers = { shape, batch: x.shape[0], relu };
  const { out } = runOrCompose('convolution', numbers, { x, weights, bias, plus }, () => {
    const window = cropWithZeros(windowOf(shape), relu ? tf.relu(x) : x);
    let out = tf.conv2d(window, crop(weights, readShape(shape)), shape.stride, 'valid');
    if (bias) out = tf.add(out, bias);
    return { out: plus ? tf.add(out, plus) : out };
  });
  return out as Tensor4D;
}

/**
 * Computes the gradient of `convolution` with respect to x, then adds `plus`. The gradient is zero where `reluInput`
 * (the x of a forward call with `relu`) is not above zero. The caller disposes the result.
 * @param dy [batch, outHeight, outWidth, outFeatures]
 * @returns [batch, inHeight, inWidth, inFeatures], the shape of reluInput and plus too
 * @throws PxvError as `convolution`
 */
export function convolutionInputGradient(
  dy: Tensor4D,
  weights: Tensor4D,
  shape: ConvolutionShape,
  { reluInput, plus }: { reluInput?: Tensor4D | undefined; plus?: Tensor4D | undefined } = {},
): Tensor4D {
  const batch = dy.shape[0];
  const { dx } = runOrCompose('convolutionInputGradient', { shape, batch }, { dy, weights, reluInput, plus }, () => {
    const { top, left, height, width } = windowOf(shape);
    const windows: [number, number, number, number] = [batch, height, width, shape.inFeatures];
    const dWindow = tf.conv2dTranspose(dy, crop(weights, readShape(shape)), windows, shape.stride, 'valid');
    const image = { top: -top, left: -left, height: shape.inHeight, width: shape.inWidth };
    let dx = cropWithZeros(image, dWindow);
    if (reluInput) dx = tf.mul(dx, tf.step(reluInput));
    return { dx: plus ? tf.add(dx, plus) : dx };
  });
  return dx as Tensor4D;
}

/**
 * Computes the gradients of `convolution` with respect to its weights (zero where masked) and its bias. The caller
 * disposes the result.
 * @param x input of the forward call
 * @param dy [batch, outHeight, outWidth, outFeatures]
 * @param options `relu`: as in the forward call
 * @throws PxvError as `convolution`
 */
export function convolutionFilterGradient(
  x: Tensor4D,
  dy: Tensor4D,
  shape: ConvolutionShape,
  { relu = false }: { relu?: boolean } = {},
): { weights: Tensor4D; bias: Tensor1D } {
  const numbers = { shape, batch: x.shape[0], relu };
  const { dWeights, dBias } = runOrCompose('convolutionFilterGradient', numbers, { x, dy }, () => {
    const window = cropWithZeros(windowOf(shape), relu ? tf.relu(x) : x);
    const attributes = {
      strides: shape.stride,
      pad: 'valid',
      dataFormat: 'NHWC',
      dimRoundingMode: '',
      filterShape: readShape(shape),
    };
    const dense: Tensor4D = tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: window, dy }, attributes);
    const [unreadRows, unreadColumns] = weightShape(shape).map((side, axis) => side - dense.shape[axis]);
    const dWeights = tf.pad(dense, [
      [0, unreadRows],
      [0, unreadColumns],
      [0, 0],
      [0, 0],
    ]);
    return { dWeights: tf.mul(dWeights, maskOf(shape)), dBias: tf.sum(dy, [0, 1, 2]) };
  });
  return { weights: dWeights as Tensor4D, bias: dBias as Tensor1D };
}

/**
 * Convolves `x` with zero padding, which keeps the size, and adds a bias. Differentiable. On the native backend this
 * takes one pass over the output, where `tf.conv2d` and `tf.add` take two. The caller disposes the result.
 * @param x [batch, height, width, inFeatures]
 * @param weights [kernel height, kernel width, inFeatures, outFeatures]
 * @param bias [outFeatures]
 * @param stride divisor of the height and width, rounded up
 */
export function convolutionWithBias(x: Tensor4D, weights: Tensor4D, bias: Tensor1D, stride = 1): Tensor4D {
  if (!hasKernels()) return tf.tidy(() => tf.add(tf.conv2d(x, weights, stride, 'same'), bias));
  const info = tf.backend_util.computeConv2DInfo(x.shape, weights.shape, stride, 1, 'same');
  const shape = ordinaryConvolution(info)!;
  return runKernel('convolution', { shape, batch: x.shape[0], relu: false }, { x, weights, bias }).out as Tensor4D;
}

// With z = r(x): dz is the transposed convolution of dy, dw the correlation of z and dy. Bias and `plus` are added, so
// that db is the sum of dy over pixels, and dplus is dy. tfjs calls for the gradients that are needed.
tf.registerGradient({
  kernelName: operationOf('convolution'),
  inputsToSave: ['x', 'weights'],
  gradFunc: (given, saved, attributes) => {
    const [dy, x, weights] = [given, ...saved] as Tensor4D[];
    const { shape, relu } = attributes as unknown as { shape: ConvolutionShape; relu: boolean };
    return {
      x: () => convolutionInputGradient(dy, weights, shape, { reluInput: relu ? x : undefined }),
      weights: () => convolutionFilterGradient(x, dy, shape, { relu }).weights,
      bias: () => tf.sum(dy, [0, 1, 2]),
      plus: () => dy,
    };
  },
});

const masks = new WeakMap<object, WeakMap<ConvolutionShape, Tensor>>();

/**
 * Returns the weight mask of a shape, 1 where a weight is used. Made once per backend, so that no step moves the mask
 * to the backend's memory again.
 */
function maskOf(shape: ConvolutionShape): Tensor {
  const backend: object = tf.backend();
  const ofBackend = masks.get(backend) ?? new WeakMap<ConvolutionShape, Tensor>();
  const mask = ofBackend.get(shape) ?? tf.keep(tf.tensor4d(filterMask(shape), weightShape(shape)));
  masks.set(backend, ofBackend.set(shape, mask));
  return mask;
}

/**
 * Returns the shape of the weights up to the last row and column with a tap: a mask leaves those below it at zero, a
 * third of a 3x3 kernel.
 */
function readShape({ kernel, taps, inFeatures, outFeatures }: ConvolutionShape): [number, number, number, number] {
  const rows = taps.map(({ position }) => Math.floor(position / kernel.width));
  const columns = taps.map(({ position }) => position % kernel.width);
  return [Math.max(...rows) + 1, Math.max(...columns) + 1, inFeatures, outFeatures];
}

/** Returns the part of `x` that begins at a row and a column; `x` itself if that is all. */
function crop(
  x: Tensor4D,
  shape: [number, number, number, number],
  [row, column]: readonly number[] = [0, 0],
): Tensor4D {
  return tf.util.arraysEqual(x.shape, shape) ? x : tf.slice(x, [0, row, column, 0], shape);
}

/** Crop of an image, in pixels; the crop may extend beyond the image. */
interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Returns the crop of the input that a convolution without padding reads to give the output. */
function windowOf(shape: ConvolutionShape): Window {
  const { outHeight, outWidth, stride, kernel, taps } = shape;
  const [rows, columns] = readShape(shape);
  const { dy, dx, position } = taps[0];
  return {
    top: dy - Math.floor(position / kernel.width),
    left: dx - (position % kernel.width),
    height: (outHeight - 1) * stride + rows,
    width: (outWidth - 1) * stride + columns,
  };
}

/**
 * Crops images [batch, height, width, features] to `height` x `width` pixels, of which the upper left one is (`top`,
 * `left`) in the image. The crop may extend beyond the image, where the result is zero. Call `cropWithZeros` within
 * `tf.tidy`.
 */
export function cropWithZeros({ top, left, height, width }: Window, images: Tensor4D): Tensor4D {
  const [batch, rows, columns, features] = images.shape;
  const around = (start: number, length: number, size: number): [number, number] => [
    Math.max(-start, 0),
    Math.max(start + length - size, 0),
  ];
  const padded = tf.pad(images, [[0, 0], around(top, height, rows), around(left, width, columns), [0, 0]]);
  return crop(padded, [batch, height, width, features], [Math.max(top, 0), Math.max(left, 0)]);
}
