import type { NamedAttrMap, NamedTensorInfoMap, Rank, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { tf } from '../foundation/tfjs.js';

/**
 * Maximum number of parts of the pixels that are summed apart: a product of a few features each would leave most of an
 * adapter idle.
 */
const MAX_PARTS = 64;

/**
 * Replaces the kernel of tfjs on `webgpu` for the gradient of a filter, which reads x and dy once more for each weight.
 * It is now a matrix product for each place of the filter.
 */
export function replaceWebgpuKernels(): void {
  const kernel = { kernelName: tf.Conv2DBackpropFilter, backendName: 'webgpu' };
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel({
    ...kernel,
    kernelFunc: ({ inputs, attrs }) => tf.tidy(() => filterGradient(inputs, attrs!)),
  });
}

/** d filter[r, c] = sum over pixels of x^T dy, where x is the input that place (r, c) of the filter reads. */
function filterGradient(inputs: NamedTensorInfoMap, attributes: NamedAttrMap): Tensor4D {
  const { x, dy } = inputs as { x: Tensor4D; dy: Tensor4D };
  const { filterShape, strides, pad, dimRoundingMode } = attributes as Record<string, never>;
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth, ...sizes } = tf.backend_util.computeConv2DInfo(
    x.shape,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { batchSize, outHeight, outWidth, inChannels, outChannels } = sizes;
  const { top, bottom, left, right } = padInfo;
  const padded = tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const pixels = batchSize * outHeight * outWidth;
  // The products of all parts are then no larger than x.
  let parts = Math.max(1, Math.min(MAX_PARTS, Math.floor(pixels / outChannels)));
  while (pixels % parts !== 0) parts--;
  const inParts = (map: Tensor4D) => tf.reshape<Rank.R3>(map, [parts, pixels / parts, map.shape[3]]);
  const dParts = inParts(dy);
  const ones = tf.ones<Rank.R2>([1, parts]);
  const products: Tensor2D[] = [];
  for (let row = 0; row < filterHeight; row++)
    for (let column = 0; column < filterWidth; column++) {
      const end = [row + (outHeight - 1) * strideHeight + 1, column + (outWidth - 1) * strideWidth + 1];
      const strideOf = [1, strideHeight, strideWidth, 1];
      const read = tf.stridedSlice(padded, [0, row, column, 0], [batchSize, ...end, inChannels], strideOf) as Tensor4D;
      const product = tf.matMul(inParts(read), dParts, true);
      // A sum over parts, which tfjs would transpose first.
      products.push(tf.matMul(ones, tf.reshape(product, [parts, inChannels * outChannels])));
    }
  return tf.reshape<Rank.R4>(tf.concat(products, 0), filterShape);
}
