import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend } from '../src/backend/choose-backend.js';
import { denseConvolution } from '../src/backend/convolution-shape.js';
import { typescriptKernels } from '../src/backend/typescript-kernels.js';
import { benchKernels } from '../src/bench/kernels.js';
import { multiplyAddsOf } from '../src/bench/multiply-adds.js';
import type { BenchNetwork } from '../src/bench/network.js';
import { roofSeconds } from '../src/bench/peaks.js';
import { Profile } from '../src/bench/profile.js';
import { benchTrain, kernelsInUse } from '../src/bench/train-step.js';
import { workOf } from '../src/bench/work.js';
import { availableSets, bf16Sets } from './backend/implementations.js';
import { randomFloats } from './random.js';

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

/** Useful products of a training step of `tiny`, counted by hand: forward, then both gradients of what is not the image's. */
const pixels = batch * 3 * 5;
const first = pixels * (3 * 7 + 3) * 8;
const layer = pixels * (2 * (8 * 16 + 2 * 4 * 16) + 4 * 8);
const head = pixels * (8 * 3 + 3 * 2);

test('a training step is timed, and its useful work is what a count by hand gives', async () => {
  await chooseBackend({ instructionSet: 'typescript' });
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
  const timings = [...benchKernels(typescriptKernels, [tiny, tiny], batch, 1, { gflops: 1, gbytes: 1 })];
  const names = timings.map(({ kernel, shape }) => `${kernel} ${shape}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('convolution [2,3,5] 7x7 masked, 1 to 8');
  expect(names).not.toContain('convolutionInputGradient [2,3,5] 7x7 masked, 1 to 8');
  expect(names).toContain('lstmGradient [2,3,5] mirrored-diagonals, h = 4');
  expect(names).toContain('addMoved [2,3,5,4], 1 down, back');
  for (const timing of timings) expect(timing.shareOfRoof).toBeGreaterThan(0);
  // What tfjs adds itself is too little to measure.
  await chooseBackend({ instructionSet: 'typescript' });
  const { native } = await benchTrain({ network: tiny, batch, steps: 1, precision: 'float32', seed: 1n });
  const ofTfjs = ['add', 'multiply', 'sumRows', 'relu', 'reluGradient', 'matMul'];
  const called = new Set(native!.profile.map(({ kernel }) => kernel).filter((kernel) => !ofTfjs.includes(kernel)));
  expect([...called].filter((kernel) => !timings.some((timing) => timing.kernel === kernel))).toEqual([]);
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
  expect(workOf('convolution', [dense, 1, x, weights, null, null, false, out])).toEqual({
    flops: 2 * 4 * 4 * 6,
    bytes: 4 * (16 + 24 + 24),
  });
  expect(workOf('convolution', [masked, 1, x, weights, null, null, false, out]).flops).toBe(2 * 4 * (1 * 2 + 4 * 4));
});

test('a roof is arithmetic or memory, whichever takes longer', () => {
  const peaks = { gflops: 100, gbytes: 10 };
  expect(roofSeconds({ flops: 1e9, bytes: 1e6 }, peaks)).toBeCloseTo(0.01, 9);
  expect(roofSeconds({ flops: 1e6, bytes: 1e9 }, peaks)).toBeCloseTo(0.1, 9);
});

// After r rounds of v / 2 + 1 a number lies 2^r times nearer to 2.
test.each(availableSets)('rounds of multiply-adds are done on every number: %s', (instructionSet) => {
  for (const length of [1, 3, 5, 16, 17, 48, 1000]) {
    const x = randomFloats(length, 1);
    const out = new Float32Array(length).fill(NaN);
    multiplyAddsOf(instructionSet, 'float32')(3, x, out);
    for (let i = 0; i < length; i++) expect(Math.abs(out[i] - (2 + (x[i] - 2) / 8))).toBeLessThanOrEqual(4e-7);
  }
});

(bf16Sets.length > 0 ? test.each(bf16Sets) : test.skip.each([{ instructionSet: 'avx512' as const }]))(
  'in bf16 they come to 2, as in float32: $instructionSet',
  ({ instructionSet }) => {
    const out = new Float32Array(50).fill(NaN);
    multiplyAddsOf(instructionSet, 'bf16')(30, new Float32Array(50), out);
    for (const sum of out) expect(Math.abs(sum - 2)).toBeLessThan(2 ** -7);
  },
);

const native = availableSets.filter((instructionSet) => instructionSet !== 'typescript');

(native.length > 0 ? test.each(native) : test.skip.each(['portable' as const]))(
  'multiply-adds refuse arrays that do not fit: %s',
  (instructionSet) => {
    const multiplyAdds = multiplyAddsOf(instructionSet, 'float32');
    expect(() => multiplyAdds(3, new Float32Array(5), new Float32Array(4))).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining('multiplyAdds: out: expected 5 values') as string,
      }) as Error,
    );
  },
);

test('a profile sums the calls of a kernel at a shape, and forgets them when it is cleared', () => {
  const profile = new Profile();
  const kernels = profile.watch(typescriptKernels);
  const out = new Float32Array(3);
  kernels.relu(Float32Array.of(-1, 0, 2), out);
  kernels.relu(Float32Array.of(-1, 0, 2), out);
  expect(Array.from(out)).toEqual([0, 0, 2]);
  expect(profile.entries()).toMatchObject([{ kernel: 'relu', shape: '', calls: 2, flops: 0, bytes: 48 }]);
  profile.clear();
  expect(profile.entries()).toEqual([]);
});

afterAll(() => tf.disposeVariables());
