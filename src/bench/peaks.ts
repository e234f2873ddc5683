import { denseConvolution } from '../backend/convolution-shape.js';
import type { KernelArrays, KernelName, KernelNumbers, Kernels } from '../backend/kernels/index.js';
import type { Precision } from '../backend/precision.js';
import { workOf, type Work } from './work.js';

/** What a machine can do at best, as measured with one instruction set and number of threads. */
export interface Peaks {
  /** 10^9 products and sums a second: from registers, or in a matrix product whose numbers stay in the cache. */
  gflops: number;
  /** 10^9 bytes a second to and from memory, of arrays that no cache holds. */
  gbytes: number;
}

/** Values of each array that is streamed: 64 MiB, well above the last cache. */
const STREAMED = 2 ** 24;
/** Chains of products and sums: enough for all threads, few enough for the first cache. */
const CHAINS = 12288;
const ROUNDS = 20_000;

/** A matrix product, which alone uses the units for whole matrices where a set has them. */
const CACHED_BATCH = 8;
const CACHED = denseConvolution({
  inHeight: 16,
  inWidth: 16,
  inFeatures: 256,
  outHeight: 16,
  outWidth: 16,
  outFeatures: 256,
  stride: 1,
  kernel: { height: 1, width: 1 },
  top: 0,
  left: 0,
});

/**
 * Measures both peaks, in about a second.
 *
 * @param precision of the kernels; where it is bf16, an instruction adds two products to a sum
 */
export function measurePeaks(kernels: Kernels, precision: Precision): Peaks {
  const [x, sums] = [kernels.memory.make(CHAINS).fill(0), kernels.memory.make(CHAINS)];
  const chains = timed(kernels, 'multiplyAdds', { rounds: ROUNDS, count: CHAINS }, { x, out: sums }, 10);
  const [a, b, out] = [0, 1, 2].map((value) => kernels.memory.make(STREAMED).fill(value));
  const stream = timed(kernels, 'add', { count: STREAMED, period: STREAMED }, { a, b, out }, 5);
  const products = precision === 'bf16' ? 2 : 1;
  const registers = (products * 2 * ROUNDS * CHAINS) / chains.seconds / 1e9;
  const gflops = Math.max(registers, cachedProduct(kernels));
  for (const values of [x, sums, a, b, out]) kernels.memory.free(values);
  return { gflops, gbytes: stream.bytes / stream.seconds / 1e9 };
}

/** 10^9 products and sums a second of `CACHED`. */
function cachedProduct(kernels: Kernels): number {
  const { inFeatures, outFeatures, inHeight, inWidth } = CACHED;
  const pixels = CACHED_BATCH * inHeight * inWidth;
  const [x, weights, out] = [pixels * inFeatures, inFeatures * outFeatures, pixels * outFeatures].map((length) =>
    kernels.memory.make(length).fill(0),
  );
  const numbers = { shape: CACHED, batch: CACHED_BATCH, relu: false };
  const arrays = { x, weights, bias: null, plus: null, out };
  const { flops, seconds } = timed(kernels, 'convolution', numbers, arrays, 10);
  for (const values of [x, weights, out]) kernels.memory.free(values);
  return flops / seconds / 1e9;
}

/** The shortest time in which the work could be done: arithmetic or memory, whichever takes longer. */
export function roofSeconds({ flops, bytes }: Work, { gflops, gbytes }: Peaks): number {
  return Math.max(flops / gflops, bytes / gbytes) / 1e9;
}

/** The work of a call and its shortest time of several tries, after one that does not count. */
export function timed<K extends KernelName>(
  kernels: Kernels,
  kernel: K,
  numbers: KernelNumbers<K>,
  arrays: KernelArrays<K>,
  tries: number,
): Work & { seconds: number } {
  const call = kernels[kernel] as (numbers: KernelNumbers<K>, arrays: KernelArrays<K>) => void;
  call(numbers, arrays);
  let seconds = Infinity;
  for (let i = 0; i < tries; i++) {
    const started = performance.now();
    call(numbers, arrays);
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
  }
  return { ...workOf(kernel, numbers, arrays), seconds };
}
