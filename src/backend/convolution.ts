import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { filterMask, weightShape, type ConvolutionShape } from './convolution-shape.js';
import { hasKernel, operationOf, runKernel, runOrCompose } from './operation.js';
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
    let out = tf.conv2d(cropWithZeros(windowOf(shape), relu ? tf.relu(x) : x), weights, shape.stride, 'valid');
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
    const dWindow = tf.conv2dTranspose(dy, weights, [batch, height, width, shape.inFeatures], shape.stride, 'valid');
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
      filterShape: weightShape(shape),
    };
    const dense: Tensor = tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: window, dy }, attributes);
    return { dWeights: tf.mul(dense, maskOf(shape)), dBias: tf.sum(dy, [0, 1, 2]) };
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
  if (!hasKernel('convolution')) return tf.tidy(() => tf.add(tf.conv2d(x, weights, stride, 'same'), bias));
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
export function maskOf(shape: ConvolutionShape): Tensor {
  const backend: object = tf.backend();
  const ofBackend = masks.get(backend) ?? new WeakMap<ConvolutionShape, Tensor>();
  const mask = ofBackend.get(shape) ?? tf.keep(tf.tensor4d(filterMask(shape), weightShape(shape)));
  masks.set(backend, ofBackend.set(shape, mask));
  return mask;
}

/** Crop of an image, in pixels; the crop may extend beyond the image. */
interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Returns the crop of the input that a convolution without padding reads to give the output. */
function windowOf({ outHeight, outWidth, stride, kernel, taps }: ConvolutionShape): Window {
  const { dy, dx, position } = taps[0];
  return {
    top: dy - Math.floor(position / kernel.width),
    left: dx - (position % kernel.width),
    height: (outHeight - 1) * stride + kernel.height,
    width: (outWidth - 1) * stride + kernel.width,
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
  return tf.slice(padded, [0, Math.max(top, 0), Math.max(left, 0), 0], [batch, height, width, features]);
}
