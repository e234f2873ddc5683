import type { ConvolutionShape } from '../backend/convolution-shape.js';
import type { KernelArrays, KernelName, KernelNumbers } from '../backend/kernels/index.js';
import { stateToState } from '../backend/scan-shape.js';

/** Minimum work of one kernel call, whatever the implementation. */
export interface Workload {
  /**
   * Number of products plus sums on unmasked weights; 0 for kernels other than matrix products, convolutions and LSTMs.
   */
  flops: number;
  /** Number of bytes of all arrays, each read or written once. */
  bytes: number;
}

/** Number of products of matrix kernels; other kernels are memory-bound, and their arithmetic counts as 0. */
const productsOf: { [K in KernelName]?: (numbers: KernelNumbers<K>) => number } = {
  convolution: ({ shape, batch }) => convolutionProducts(shape, batch),
  convolutionInputGradient: ({ shape, batch }) => convolutionProducts(shape, batch),
  convolutionFilterGradient: ({ shape, batch }) => convolutionProducts(shape, batch),
  lstm: ({ shape, batch }) => convolutionProducts(stateToState(shape), batch),
  lstmGradient: ({ shape, batch }) => 2 * convolutionProducts(stateToState(shape), batch),
  matMul: ({ m, n, k }) => m * n * k,
};

/** Counts the minimum work of a kernel call, from its scalar arguments and arrays. */
export function countWork<K extends KernelName>(
  kernel: K,
  numbers: KernelNumbers<K>,
  arrays: KernelArrays<K>,
): Workload {
  const bytes = Object.values<ArrayBufferView | null>(arrays).reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
  return { flops: 2 * (productsOf[kernel]?.(numbers) ?? 0), bytes };
}

/** Returns the number of unmasked products; taps outside the image count as well. */
function convolutionProducts({ outHeight, outWidth, groups, taps }: ConvolutionShape, batch: number): number {
  const perPixel = groups.reduce(
    (sum, size, group) => sum + size * taps.reduce((features, { sees }) => features + sees[group], 0),
    0,
  );
  return batch * outHeight * outWidth * perPixel;
}
