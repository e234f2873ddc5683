import type { ConvolutionShape } from '../backend/convolution-shape.js';
import type { KernelArrays, KernelName, KernelNumbers } from '../backend/kernels/index.js';
import { stateToState } from '../backend/scan-shape.js';

/** What one call of a kernel has to do at least, whoever does it. */
export interface Workload {
  /** Products and sums on weights that are not masked, each counted as one. */
  flops: number;
  /** Bytes of all arrays, each read or written once. */
  bytes: number;
}

/** The products of a matrix kernel's call; the others are bound by memory, and their arithmetic counts as none. */
const productsOf: { [K in KernelName]?: (numbers: KernelNumbers<K>) => number } = {
  convolution: ({ shape, batch }) => convolutionProducts(shape, batch),
  convolutionInputGradient: ({ shape, batch }) => convolutionProducts(shape, batch),
  convolutionFilterGradient: ({ shape, batch }) => convolutionProducts(shape, batch),
  lstm: ({ shape, batch }) => convolutionProducts(stateToState(shape), batch),
  lstmGradient: ({ shape, batch }) => 2 * convolutionProducts(stateToState(shape), batch),
  matMul: ({ m, n, k }) => m * n * k,
};

export function countWork<K extends KernelName>(
  kernel: K,
  numbers: KernelNumbers<K>,
  arrays: KernelArrays<K>,
): Workload {
  const bytes = Object.values<ArrayBufferView | null>(arrays).reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
  return { flops: 2 * (productsOf[kernel]?.(numbers) ?? 0), bytes };
}

/** Unmasked products; taps that fall outside the image count as others do. */
function convolutionProducts({ outHeight, outWidth, groups, taps }: ConvolutionShape, batch: number): number {
  const perPixel = groups.reduce(
    (sum, size, group) => sum + size * taps.reduce((features, { sees }) => features + sees[group], 0),
    0,
  );
  return batch * outHeight * outWidth * perPixel;
}
