import { denseConvolution } from '../backend/convolution-shape.js';
import {
  descriptions,
  type KernelArrays,
  type KernelName,
  type KernelNumbers,
  type Kernels,
} from '../backend/kernels/index.js';
import type { Precision } from '../backend/precision.js';
import { countWork, type Workload } from './work.js';

/** Peak arithmetic and memory bandwidth of a machine, measured with one instruction set and number of threads. */
export interface Peaks {
  /** Peak GFLOP/s: the better of multiply-adds in registers and a matrix product in the cache. */
  gflops: number;
  /** Peak memory bandwidth in GB/s (10^9 bytes), of arrays larger than all caches. */
  gbytes: number;
}

/** Number of values of each streamed array: 64 MiB, well above the last-level cache. */
const STREAMED = 2 ** 24;
/** Number of multiply-add chains: enough for all threads, few enough for the first-level cache. */
const CHAINS = 12288;
const ROUNDS = 20_000;

/** Matrix product, which alone uses matrix units, if the instruction set has them. */
const CACHED_BATCH = 8;
const CACHED = denseConvolution({
  inHeight: 16,
  inWidth: 16,
  inFeatures: 256,
  outHeight: 16,
  outWidth: 16,
  outFeatures: 256,
  kernel: { height: 1, width: 1 },
  stride: 1,
  top: 0,
  left: 0,
});

/**
 * Measures the peaks of arithmetic and of memory bandwidth, in about a second.
 * @param precision precision of the kernels; bf16 instructions add two products to a sum
 */
export function measurePeaks(kernels: Kernels, precision: Precision): Peaks {
  const chains = measureSeconds(kernels, 'multiplyAdds', { rounds: ROUNDS, count: CHAINS }, 10);
  const stream = measureSeconds(kernels, 'add', { count: STREAMED, period: STREAMED }, 5);
  const cached = measureSeconds(kernels, 'convolution', { shape: CACHED, batch: CACHED_BATCH, relu: false }, 10);
  const products = precision === 'bf16' ? 2 : 1;
  const registers = (products * 2 * ROUNDS * CHAINS) / chains.seconds / 1e9;
  return {
    gflops: Math.max(registers, cached.flops / cached.seconds / 1e9),
    gbytes: stream.bytes / stream.seconds / 1e9,
  };
}

/** Roofline of a kernel: the peak, of arithmetic or of memory, that bounds its speed. */
export interface Roofline {
  /** Peak that bounds the speed. */
  roof: 'compute' | 'memory';
  /** Shortest possible time divided by the measured time; above 1 where arrays stay in the cache between calls. */
  rooflineFraction: number;
}

/**
 * Returns the roofline of a workload: the peak, of arithmetic or of memory, at which the work takes longer, and this
 * shortest possible time divided by the measured `seconds`.
 */
export function findRoofline(
  { flops, bytes, seconds }: Workload & { seconds: number },
  { gflops, gbytes }: Peaks,
): Roofline {
  const arithmetic = flops / gflops / 1e9;
  const traffic = bytes / gbytes / 1e9;
  const roof = arithmetic > traffic ? 'compute' : 'memory';
  return { roof, rooflineFraction: Math.max(arithmetic, traffic) / seconds };
}

/**
 * Measures the time in seconds of a kernel call on newly allocated arrays, and counts its work. The time is the
 * shortest of `tries` calls, after a warm-up call. Frees the arrays.
 * @param numbers scalar arguments of the kernel
 * @param passed names of the nullable arrays to pass
 * @param value returns the value at each index of float arrays, 0 by default; levels cycle through their range
 */
export function measureSeconds<K extends KernelName>(
  kernels: Kernels,
  kernel: K,
  numbers: KernelNumbers<K>,
  tries: number,
  passed: readonly string[] = [],
  value: (place: number) => number = () => 0,
): Workload & { seconds: number } {
  const { inputs, outputs } = descriptions[kernel];
  const made: Record<string, Float32Array | Int32Array | null> = {};
  for (const [name, { shape, type, below, optional, with: input }] of Object.entries({ ...inputs, ...outputs })) {
    const length = shape(numbers as never).reduce((all, size) => all * size, 1);
    const isPassed = (!optional && input === undefined) || passed.includes(name);
    if (!isPassed) made[name] = null;
    else if (type === 'int32_t') made[name] = Int32Array.from({ length }, (_, i) => i % below!(numbers as never));
    else {
      const floats = (made[name] = kernels.memory.make(length));
      for (let i = 0; i < length; i++) floats[i] = value(i);
    }
  }
  const arrays = made as unknown as KernelArrays<K>;
  const call = kernels[kernel] as (numbers: KernelNumbers<K>, arrays: KernelArrays<K>) => void;
  call(numbers, arrays);
  let seconds = Infinity;
  for (let i = 0; i < tries; i++) {
    const started = performance.now();
    call(numbers, arrays);
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
  }
  // Arrays that are freed have no bytes.
  const work = countWork(kernel, numbers, arrays);
  for (const array of Object.values(made)) if (array instanceof Float32Array) kernels.memory.free(array);
  return { ...work, seconds };
}
