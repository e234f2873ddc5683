import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { loadAddon } from '../../src/backend/addon.js';
import type { Kernels, WarpShape } from '../../src/backend/kernels.js';
import { warpedMixture } from '../../src/backend/warp.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { expectClose } from './comparison.js';
import { implementations, kernelSets, use } from './implementations.js';
import * as reference from './warp-reference.js';

interface WarpCase {
  name: string;
  batch: number;
  shape: WarpShape;
  /** What is made of displacements that are uniform in -1 .. 1. */
  displacement?: (value: number) => number;
}

const shapeOf = (size: [number, number], channels: number, frames: number, flows: number): WarpShape => {
  return { height: size[0], width: size[1], channels, frames, flows, flowScale: 4 };
};

const CASES: WarpCase[] = [
  { name: 'one pixel', batch: 1, shape: shapeOf([1, 1], 1, 1, 1) },
  { name: 'one row', batch: 2, shape: shapeOf([1, 9], 3, 2, 1) },
  { name: 'one column', batch: 1, shape: shapeOf([6, 1], 1, 1, 3) },
  { name: 'odd sizes, four frames with three flows', batch: 2, shape: shapeOf([7, 5], 3, 4, 3) },
  { name: 'more columns than a vector has lanes', batch: 1, shape: shapeOf([3, 19], 3, 3, 2) },
  { name: 'one frame that stays where it is', batch: 2, shape: shapeOf([4, 5], 1, 1, 2), displacement: () => 0 },
  {
    name: 'flows far beyond the border',
    batch: 1,
    shape: shapeOf([5, 6], 3, 2, 3),
    displacement: (value) => 1000 * value,
  },
  {
    name: 'whole pixels',
    batch: 1,
    shape: shapeOf([6, 7], 3, 2, 2),
    displacement: (value) => Math.round(8 * value) / 4,
  },
];

/** An output array in which whatever a kernel forgets to write is seen. */
const unwritten = (length: number): Float32Array => new Float32Array(length).fill(NaN);

/** Each case with its inputs and what its kernels should give. */
const TABLE = CASES.map(({ name, batch, shape, displacement = (value: number) => value }) => {
  const { height, width, channels } = shape;
  const [pixels, candidates] = [batch * height * width, shape.frames * shape.flows];
  const frames = randomFloats(pixels * shape.frames * channels, 1);
  const motion = randomFloats(pixels * 3 * candidates, 2).map((value, i) =>
    i % (3 * candidates) < 2 * candidates ? displacement(value) : 3 * value,
  );
  const dOut = randomFloats(pixels * channels, 3);
  const out = reference.warpedMixture(shape, batch, frames, motion);
  const dMotion = reference.warpedMixtureGradient(shape, batch, frames, motion, dOut);
  const dFrames = reference.warpedMixtureFramesGradient(shape, batch, motion, dOut);
  return { name, batch, shape, frames, motion, dOut, expected: { out, dMotion, dFrames } };
});

type Inputs = Omit<(typeof TABLE)[number], 'name' | 'expected'>;

function run(kernels: Omit<Kernels, 'instructionSet'>, { shape, batch, frames, motion, dOut }: Inputs) {
  const received = {
    out: unwritten(dOut.length),
    dMotion: unwritten(motion.length),
    dFrames: unwritten(frames.length),
  };
  kernels.warpedMixture(shape, batch, frames, motion, received.out);
  kernels.warpedMixtureGradient(shape, batch, frames, motion, dOut, received.dMotion);
  kernels.warpedMixtureFramesGradient(shape, batch, motion, dOut, received.dFrames);
  return received;
}

const bits = ({ out, dMotion, dFrames }: Record<'out' | 'dMotion' | 'dFrames', Float32Array>): string[] =>
  [out, dMotion, dFrames].map((array) => Buffer.from(array.buffer).toString('base64'));

describe.each(implementations)('$name', (implementation) => {
  const { name: instructionSet, kernels } = implementation;
  beforeAll(() => use(implementation));

  test.each(TABLE)('moves and mixes frames as the float64 reference does, with its gradients: $name', (one) => {
    const received = run(kernels, one);
    const common = { shape: one.name, instructionSet };
    expectClose({ ...common, operation: 'warpedMixture', expected: one.expected.out, received: received.out });
    const [expected, gradient] = [one.expected.dMotion, received.dMotion];
    expectClose({ ...common, operation: 'warpedMixtureGradient', expected, received: gradient });
    const { dFrames } = one.expected;
    expectClose({ ...common, operation: 'warpedMixtureFramesGradient', expected: dFrames, received: received.dFrames });
  });

  test('a frame moved by whole pixels has the values of its pixels, the border going on', () => {
    const shape = { ...shapeOf([1, 4], 1, 1, 1), flowScale: 1 };
    const received = unwritten(4);
    const motion = Float32Array.from([-1, -1, 2, 2].flatMap((right) => [7, right, 5]));
    kernels.warpedMixture(shape, 1, Float32Array.of(10, 20, 30, 40), motion, received);
    expect(Array.from(received)).toEqual([10, 10, 40, 40]);
  });

  test('a candidate whose logit is far above the others is all of the mixture', () => {
    const shape = shapeOf([1, 1], 3, 2, 1);
    const received = unwritten(3);
    kernels.warpedMixture(shape, 1, Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(0, 0, 0, 0, 0, 500), received);
    expect(Array.from(received)).toEqual([4, 5, 6]);
  });

  test('a displacement that is no number or infinite reads nothing outside the frames', () => {
    const shape = shapeOf([3, 5], 1, 1, 1);
    const frames = randomFloats(15, 1);
    for (const value of [NaN, Infinity, -Infinity]) {
      const motion = new Float32Array(45).fill(value).map((one, i) => (i % 3 === 2 ? 0 : one));
      const received = run(kernels, { shape, batch: 1, frames, motion, dOut: new Float32Array(15).fill(1) });
      const isPixel = (one: number): boolean => frames.some((pixel) => Math.abs(pixel - one) < 1e-6);
      for (const one of received.out) expect(Number.isNaN(one) || isPixel(one)).toBe(true);
      // The one weight of TensorFlow's softmax is 1 less a rounding.
      const zero = implementation.backend === 'tensorflow' ? 1e-6 : 0;
      for (const one of received.dMotion) expect(Number.isNaN(one) || Math.abs(one) <= zero).toBe(true);
    }
  });
});

const fusing = kernelSets.filter(({ instructionSet }) => !['typescript', 'portable'].includes(instructionSet));

test.each(TABLE)('the sets that fuse products and sums give the same bits: $name', (one) => {
  expect(new Set(fusing.flatMap((kernels) => bits(run(kernels, one)).join())).size).toBeLessThanOrEqual(1);
});

const native = kernelSets.filter(({ instructionSet }) => instructionSet !== 'typescript');

(native.length > 0 ? test.each(native) : test.skip.each([{ instructionSet: 'addon' }]))(
  '$instructionSet gives the same bits with 1, 2 and 3 threads, and to an image wherever it lies in the batch',
  (set) => {
    const kernels = set as Kernels;
    const addon = loadAddon();
    const threads = addon.threads();
    const one = TABLE[3];
    const results = [1, 2, 3].map((count) => {
      addon.setThreads(count);
      return run(kernels, one);
    });
    addon.setThreads(threads);
    for (const result of results) expect(bits(result)).toEqual(bits(results[0]));
    const [frames, motion, dOut] = [one.frames, one.motion, one.dOut].map((all) => all.slice(all.length / 2));
    const second = run(kernels, { shape: one.shape, batch: 1, frames, motion, dOut });
    expect(second.out).toEqual(results[0].out.slice(dOut.length));
    expect(second.dMotion).toEqual(results[0].dMotion.slice(motion.length));
    expect(second.dFrames).toEqual(results[0].dFrames.slice(frames.length));
  },
);

test.each(TABLE.filter(({ name }) => !['one frame that stays where it is', 'whole pixels'].includes(name)))(
  'the reference gradients equal finite differences: $name',
  ({ name, shape, batch, frames, motion, dOut, expected }) => {
    const value = (frames: ArrayLike<number>, motion: ArrayLike<number>): number =>
      reference.warpedMixture(shape, batch, frames, motion).reduce((sum, one, i) => sum + one * dOut[i], 0);
    const common = { name, step: 1e-6, exhaustive: 100 };
    checkGradient({ ...common, value: (x) => value(frames, x), x: motion, gradient: expected.dMotion });
    checkGradient({ ...common, value: (x) => value(x, motion), x: frames, gradient: expected.dFrames });
  },
);

const backends = implementations.filter(({ name }) =>
  ['tensors over typescript', 'composed form on cpu'].includes(name),
);

describe.each(backends)('on tensors, $name', (implementation) => {
  const { shape, batch, frames, motion } = TABLE[3];
  const { height, width, channels } = shape;
  beforeAll(() => use(implementation));

  const inputs = (): [Tensor4D, Tensor4D] => [
    tf.tensor4d(frames, [batch, height, width, shape.frames * channels]),
    tf.tensor4d(motion, [batch, height, width, 3 * shape.frames * shape.flows]),
  ];

  test('it is a part of larger gradients, under tf.tidy too, and leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    const [still, start] = inputs();
    const loss = (x: Tensor4D) =>
      tf.tidy(() => tf.sum<tf.Scalar>(tf.square(warpedMixture(shape, still, tf.mul(x, tf.scalar(0.5))))));
    const { value, grad } = tf.valueAndGrad((x) => loss(x as Tensor4D))(start);
    const half = motion.map((one) => one / 2);
    const out = reference.warpedMixture(shape, batch, frames, half);
    const doubled = out.map((one) => 2 * one);
    const expected = reference.warpedMixtureGradient(shape, batch, frames, half, doubled).map((one) => one / 2);
    const common = { shape: 'a sum of squares', instructionSet: implementation.name };
    const sum = [out.reduce((total, one) => total + one * one, 0)];
    expectClose({ ...common, operation: 'warpedMixture', expected: sum, received: value.dataSync() });
    expectClose({ ...common, operation: 'warpedMixtureGradient', expected, received: grad.dataSync() });
    tf.dispose([value, grad, still, start]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('tensors that do not fit the shape are refused', () => {
    const [still, start] = inputs();
    expect(() => warpedMixture({ ...shape, flows: 2 }, still, start)).toThrow(
      'warpedMixture: motion: expected shape [2, 7, 5, 24], received [2, 7, 5, 36]',
    );
    expect(() => warpedMixture({ ...shape, channels: 1 }, still, start)).toThrow(
      'warpedMixture: frames: expected shape [2, 7, 5, 4], received [2, 7, 5, 12]',
    );
    tf.dispose([still, start]);
  });
});

(native.length > 0 ? test : test.skip)('the addon refuses arrays that do not fit the shape', () => {
  const { shape, batch, frames, motion, dOut } = TABLE[3];
  const [kernels] = native;
  const out = unwritten(dOut.length);
  expect(() => kernels.warpedMixture(shape, batch, frames.slice(1), motion, out)).toThrow(
    'warpedMixture: frames: expected 840 values ([2,7,5,12]), received 839',
  );
  expect(() => kernels.warpedMixture({ ...shape, flows: 0 }, batch, frames, motion, out)).toThrow(
    'warpedMixture: shape.flows',
  );
  expect(() => kernels.warpedMixtureGradient(shape, batch, frames, motion, out, motion.slice(1))).toThrow(
    'warpedMixtureGradient: dMotion: expected 2520 values ([2520]), received 2519',
  );
  expect(() => kernels.warpedMixtureFramesGradient(shape, batch, motion, dOut, frames.slice(1))).toThrow(
    'warpedMixtureFramesGradient: dFrames: expected 840 values ([2,7,5,12]), received 839',
  );
});
