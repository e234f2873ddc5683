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
  ...{ inHeight: 16, inWidth: 16, inFeatures: 256, outHeight: 16, outWidth: 16, outFeatures: 256 },
  ...{ kernel: { height: 1, width: 1 }, stride: 1, top: 0, left: 0 },
});

/**
 * Measures both peaks, in about a second.
 * @param precision of the kernels; where it is bf16, an instruction adds two products to a sum
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

/** The shortest time in which the work could be done: arithmetic or memory, whichever takes longer. */
export function rooflineSeconds({ flops, bytes }: Workload, { gflops, gbytes }: Peaks): number {
  return Math.max(flops / gflops, bytes / gbytes) / 1e9;
}

/**
 * The work of a call, on arrays of its own, and its shortest time of several tries, after one that does not count.
 * @param passed which of the arrays that may be null are passed
 * @param value of the arrays at each place; levels come in turn
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
  for (const array of Object.values(made)) if (array instanceof Float32Array) kernels.memory.free(array);
  return { ...countWork(kernel, numbers, arrays), seconds };
}
