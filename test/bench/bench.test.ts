import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { denseConvolution } from '../../src/backend/convolution-shape.js';
import type { Kernels } from '../../src/backend/kernels/index.js';
import { loadWasm } from '../../src/backend/library-files.js';
import type { Precision } from '../../src/backend/precision.js';
import { benchKernels } from '../../src/bench/kernels.js';
import type { BenchNetwork } from '../../src/bench/network.js';
import { findRoofline, measureSeconds } from '../../src/bench/peaks.js';
import { Profile } from '../../src/bench/profile.js';
import { benchTrain, kernelsInUse } from '../../src/bench/train-step.js';
import { countWork } from '../../src/bench/work.js';
import { bf16Sets, kernelSets } from '../backend/implementations.js';

const tiny: BenchNetwork = {
  network: 'diagonal-bilstm',
  hidden: 4,
  layers: 1,
  size: { width: 5, height: 3 },
  channels: 1,
  levels: 2,
  headWidth: 3,
};
const batch = 2;

/**
 * Useful products of a training step of `tiny`, counted by hand: forward, then both gradients of what is not the
 * image's.
 */
const pixels = batch * 3 * 5;
const first = pixels * (3 * 7 + 3) * 8;
const layer = pixels * (2 * (8 * 16 + 2 * 4 * 16) + 4 * 8);
const head = pixels * (8 * 3 + 3 * 2);

test('a training step is timed, and its useful work is what a count by hand gives', async () => {
  await chooseBackend({ instructionSet: 'wasm' });
  const result = await benchTrain({ network: tiny, batch, steps: 2, precision: 'float32', seed: 1n });
  const flops = result.native!.profile.reduce((sum, entry) => sum + entry.flops, 0) / 2;
  expect(flops).toBe(2 * (2 * first + 3 * (layer + head)));
  expect(result.native!.gflops).toBeCloseTo(flops / result.secondsPerStep / 1e9, 9);
  expect(result.imagesPerSecond).toBeCloseTo(batch / result.secondsPerStep, 6);
  expect(result.peakMemoryMiB).toBeGreaterThan(10);
  expect(result.native!.profile.map(({ kernel }) => kernel)).toEqual(
    expect.arrayContaining(['lstm', 'lstmGradient', 'rmsProp']),
  );
});

test('on a backend without kernels of ours a step is timed as a whole', async () => {
  await chooseBackend({ backend: 'cpu' });
  const settings = { network: tiny, batch, steps: 1, seed: 1n };
  const { native, secondsPerStep } = await benchTrain({ ...settings, precision: 'float32' });
  expect(native).toBeNull();
  expect(secondsPerStep).toBeGreaterThan(0);
  await expect(benchTrain({ ...settings, precision: 'bf16' })).rejects.toMatchObject({ code: 'USAGE' });
  expect(() => kernelsInUse('float32')).toThrow('bench: backend: expected native');
});

test('every kernel of a training step is timed at its shape, once', async () => {
  const timings = [...benchKernels(loadWasm().kernels(), 'float32', tiny, batch, 1, { gflops: 1, gbytes: 1 })];
  const names = timings.map(({ kernel, shape }) => `${kernel} ${shape}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('convolution [2,3,5] 7x7 masked, 1 to 8');
  expect(names).not.toContain('convolutionInputGradient [2,3,5] 7x7 masked, 1 to 8');
  expect(names).toContain('lstmGradient [2,3,5] mirrored-diagonals, h = 4');
  expect(names).toContain('addMoved [2,3,5,4], 1 down, back');
  expect(timings.find(({ shape }) => shape === '[2,3,5] 1x1, 8 to 16')).toMatchObject({ calls: 2 });
  for (const timing of timings) expect(timing.rooflineFraction).toBeGreaterThan(0);
  // What tfjs adds itself is too little to measure.
  await chooseBackend({ instructionSet: 'wasm' });
  const { native } = await benchTrain({ network: tiny, batch, steps: 1, precision: 'float32', seed: 1n });
  const ofTfjs = ['add', 'subtract', 'multiply', 'divide', 'sumRows', 'relu', 'reluGradient', 'matMul'];
  const called = new Set(native!.profile.map(({ kernel }) => kernel).filter((kernel) => !ofTfjs.includes(kernel)));
  expect([...called].filter((kernel) => !timings.some((timing) => timing.kernel === kernel))).toEqual([]);
});

(bf16Sets.length > 0 ? test : test.skip)('in bf16 each kernel is timed on arrays as a step stores them', () => {
  const peaks = { gflops: 1, gbytes: 1 };
  const bytes = (kernels: Kernels, precision: Precision) =>
    [...benchKernels(kernels, precision, tiny, batch, 1, peaks)]
      .filter(({ shape }) => shape === '[2,3,5] diagonals, h = 4')
      .map((timing) => timing.bytes);
  const [wholeForward, wholeBackward] = bytes(bf16Sets[0], 'float32');
  // Half of the gates, and of the activations: 16 features each.
  const half = 2 * 3 * 5 * 16 * 2;
  expect(bytes(bf16Sets[0], 'bf16')).toEqual([wholeForward - 2 * half, wholeBackward - 2 * half]);
});

test('masked weights count as no work, and each array is read or written once', () => {
  const dense = denseConvolution({
    inHeight: 2,
    inWidth: 2,
    inFeatures: 4,
    outHeight: 2,
    outWidth: 2,
    outFeatures: 6,
    stride: 1,
    kernel: { height: 1, width: 1 },
    top: 0,
    left: 0,
  });
  const masked = { ...dense, groups: [2, 4], taps: [{ dy: 0, dx: 0, position: 0, sees: [1, 4] }] };
  const [x, weights, out] = [16, 24, 24].map((length) => new Float32Array(length));
  const arrays = { x, weights, bias: null, plus: null, out };
  expect(countWork('convolution', { shape: dense, batch: 1, relu: false }, arrays)).toEqual({
    flops: 2 * 4 * 4 * 6,
    bytes: 4 * (16 + 24 + 24),
  });
  const { flops } = countWork('convolution', { shape: masked, batch: 1, relu: false }, arrays);
  expect(flops).toBe(2 * 4 * (1 * 2 + 4 * 4));
});

test('a roof is arithmetic or memory, whichever takes longer', () => {
  const peaks = { gflops: 100, gbytes: 10 };
  expect(findRoofline({ flops: 1e9, bytes: 1e6, seconds: 0.02 }, peaks)).toEqual({
    roof: 'compute',
    rooflineFraction: 0.5,
  });
  expect(findRoofline({ flops: 1e6, bytes: 1e9, seconds: 0.4 }, peaks)).toEqual({
    roof: 'memory',
    rooflineFraction: 0.25,
  });
});

test.each(kernelSets)('the bytes of timed kernels count, though their memory is freed: $instructionSet', (kernels) => {
  const { bytes } = measureSeconds(kernels, 'relu', { count: 100 }, 1);
  expect(bytes).toBe(800);
});

(bf16Sets.length > 0 ? test.each(bf16Sets) : test.skip.each([{ instructionSet: 'avx512' as const }]))(
  'in bf16 multiply-adds come to 2, as in float32: $instructionSet',
  ({ instructionSet }) => {
    const kernels = bf16Sets.find((set) => set.instructionSet === instructionSet)!;
    const out = new Float32Array(50).fill(NaN);
    kernels.multiplyAdds({ rounds: 30, count: 50 }, { x: new Float32Array(50), out });
    for (const sum of out) expect(Math.abs(sum - 2)).toBeLessThan(2 ** -7);
  },
);

test('a profile sums the calls of a kernel at a shape, and forgets them when it is cleared', () => {
  const profile = new Profile();
  const kernels = profile.watch(loadWasm().kernels());
  const out = new Float32Array(3);
  for (let call = 0; call < 2; call++) kernels.relu({ count: 3 }, { x: Float32Array.of(-1, 0, 2), out });
  expect(Array.from(out)).toEqual([0, 0, 2]);
  expect(profile.entries()).toMatchObject([{ kernel: 'relu', shape: '', calls: 2, flops: 0, bytes: 48 }]);
  profile.clear();
  expect(profile.entries()).toEqual([]);
});

afterAll(() => tf.disposeVariables());
