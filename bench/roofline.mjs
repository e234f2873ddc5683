// Work of the native kernels, and the peaks of the machine that bound their speed.
import { denseConvolution } from '../dist/src/backend/convolution-shape.js';
import { hiddenFeatures, stateToState } from '../dist/src/backend/scan-shape.js';

/** Number of values of each streamed array: 64 MiB, well above the last-level cache. */
const STREAMED = 2 ** 24;
/** Number of multiply-add chains: enough for all threads, few enough for the first-level cache. */
const CHAINS = 12288;
const ROUNDS = 20_000;
/** Matrix product in the cache, which alone uses matrix units, if the instruction set has them. */
const FEATURES = 256;
const CACHED_PIXELS = { width: 16, height: 16 };
const CACHED_BATCH = 8;

/**
 * Measures the peaks of arithmetic, in GFLOP/s, and of memory bandwidth, in GB/s, in about a second. That of arithmetic
 * is the better of multiply-adds in registers and a matrix product in the cache.
 * @param precision precision of the kernels; bf16 instructions add two products to a sum
 */
export function measurePeaks(kernels, precision) {
  const { width, height } = CACHED_PIXELS;
  const shape = denseConvolution({
    inHeight: height,
    inWidth: width,
    inFeatures: FEATURES,
    outHeight: height,
    outWidth: width,
    outFeatures: FEATURES,
    kernel: { height: 1, width: 1 },
    stride: 1,
    top: 0,
    left: 0,
  });
  const values = CACHED_BATCH * width * height * FEATURES;
  const chains = { x: CHAINS, out: CHAINS };
  const streams = { a: STREAMED, b: STREAMED, out: STREAMED };
  const product = { x: values, weights: FEATURES ** 2, bias: null, plus: null, out: values };
  const convolution = { shape, batch: CACHED_BATCH, relu: false };
  const inRegisters = leastSeconds(kernels, 'multiplyAdds', { rounds: ROUNDS, count: CHAINS }, chains, 10);
  const streamed = leastSeconds(kernels, 'add', { count: STREAMED, period: STREAMED }, streams, 5);
  const inCache = leastSeconds(kernels, 'convolution', convolution, product, 10);
  const products = precision === 'bf16' ? 2 : 1;
  const registers = (products * 2 * ROUNDS * CHAINS) / inRegisters;
  return {
    gflops: Math.max(registers, countFlops('convolution', convolution) / inCache) / 1e9,
    gbytes: (3 * 4 * STREAMED) / streamed / 1e9,
  };
}

/**
 * Returns the shortest time of `tries` calls of a kernel on arrays of zeros, in seconds, after a warm-up call.
 * @param lengths length of each array by its name; null for no array
 */
function leastSeconds(kernels, kernel, numbers, lengths, tries) {
  const arrays = Object.fromEntries(
    Object.entries(lengths).map(([name, length]) => [name, length && kernels.memory.make(length).fill(0)]),
  );
  const times = Array.from({ length: 1 + tries }, () => {
    const started = performance.now();
    kernels[kernel](numbers, arrays);
    return (performance.now() - started) / 1000;
  });
  for (const array of Object.values(arrays)) if (array !== null) kernels.memory.free(array);
  return Math.min(...times.slice(1));
}

/**
 * Adds to an entry of a profile its roof and `rooflineFraction`. The roof is the peak, of arithmetic or of memory, at
 * which the entry's work takes longer; the fraction is this shortest possible time divided by the measured one. It is
 * above 1 if arrays stay in the cache between calls.
 */
export function withRoofline(entry, { gflops, gbytes }) {
  const arithmetic = entry.flops / gflops / 1e9;
  const traffic = entry.bytes / gbytes / 1e9;
  const roof = arithmetic > traffic ? 'compute' : 'memory';
  return { ...entry, roof, rooflineFraction: Math.max(arithmetic, traffic) / entry.seconds };
}

/** Returns kernels that call `kernels`, and sum in `profile` the calls, time and work of each kernel at each shape. */
export function profileKernels(kernels, profile) {
  const record = (kernel, call) => (numbers, arrays) => {
    const started = performance.now();
    call(numbers, arrays);
    const seconds = (performance.now() - started) / 1000;
    const shape = 'shape' in numbers ? shapeName(numbers.shape) : '';
    const key = `${kernel} ${shape}`;
    const entry = profile.get(key) ?? { kernel, shape, calls: 0, seconds: 0, flops: 0, bytes: 0 };
    profile.set(key, entry);
    entry.calls++;
    entry.seconds += seconds;
    entry.flops += countFlops(kernel, numbers);
    entry.bytes += Object.values(arrays).reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
  };
  return Object.fromEntries(
    Object.entries(kernels).map(([name, kernel]) => [
      name,
      typeof kernel === 'function' ? record(name, kernel) : kernel,
    ]),
  );
}

/** Returns the number of products plus sums on unmasked weights; 0 for kernels that memory bounds. */
function countFlops(kernel, { shape, batch, m, n, k }) {
  switch (kernel) {
    case 'convolution':
    case 'convolutionInputGradient':
    case 'convolutionFilterGradient':
      return 2 * countProducts(shape, batch);
    case 'lstm':
      return 2 * countProducts(stateToState(shape), batch);
    case 'lstmGradient':
      return 4 * countProducts(stateToState(shape), batch);
    case 'matMul':
      return 2 * m * n * k;
    default:
      return 0;
  }
}

/** Returns the number of unmasked products; taps outside the image count as well. */
function countProducts({ outHeight, outWidth, groups, taps }, batch) {
  const seen = (group) => taps.reduce((features, { sees }) => features + sees[group], 0);
  const perPixel = groups.reduce((sum, size, group) => sum + size * seen(group), 0);
  return batch * outHeight * outWidth * perPixel;
}

/** Formats the shape of a convolution, as in `3x3 masked, 128 to 128`, or of an LSTM, as in `rows, h = 64`. */
function shapeName(shape) {
  if ('scanOrder' in shape) return `${shape.scanOrder}, h = ${hiddenFeatures(shape)}`;
  const { kernel, inFeatures, outFeatures, taps } = shape;
  const isDense =
    taps.length === kernel.height * kernel.width &&
    taps.every(({ sees }) => sees.every((features) => features === inFeatures));
  return `${kernel.height}x${kernel.width}${isDense ? '' : ' masked'}, ${inFeatures} to ${outFeatures}`;
}
