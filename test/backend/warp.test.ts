import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { warpedMixture } from '../../src/backend/warp.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { expectClose } from './comparison.js';
import { describeEach, implementations } from './implementations.js';
import { testKernel } from './kernel-suite.js';
import * as reference from './warp-reference.js';

type WarpNumbers = KernelNumbers<'warpedMixture'>;

const shapeOf = (size: [number, number], channels: number, frames: number, flows: number, batch = 1): WarpNumbers => {
  return { batch, height: size[0], width: size[1], channels, frames, flows, flowScale: 4 };
};

/** With what is made of displacements that are uniform in -1 .. 1. */
const CASES: { name: string; numbers: WarpNumbers; displacement?: (value: number) => number }[] = [
  { name: 'one pixel', numbers: shapeOf([1, 1], 1, 1, 1) },
  { name: 'one row', numbers: shapeOf([1, 9], 3, 2, 1, 2) },
  { name: 'one column', numbers: shapeOf([6, 1], 1, 1, 3) },
  { name: 'odd sizes, four frames with three flows', numbers: shapeOf([7, 5], 3, 4, 3, 2) },
  { name: 'more columns than a vector has lanes', numbers: shapeOf([3, 19], 3, 3, 2) },
  { name: 'one frame that stays where it is', numbers: shapeOf([4, 5], 1, 1, 2, 2), displacement: () => 0 },
  { name: 'flows far beyond the border', numbers: shapeOf([5, 6], 3, 2, 3), displacement: (value) => 1000 * value },
  { name: 'whole pixels', numbers: shapeOf([6, 7], 3, 2, 2), displacement: (value) => Math.round(8 * value) / 4 },
];

const cases = CASES.map(({ name, numbers, displacement = (value: number) => value }) => {
  const { batch, height, width, channels, frames, flows } = numbers;
  const pixels = batch * height * width;
  const candidates = frames * flows;
  const inputs = {
    frames: randomFloats(pixels * frames * channels, 1),
    motion: randomFloats(pixels * 3 * candidates, 2).map((value, i) =>
      i % (3 * candidates) < 2 * candidates ? displacement(value) : 3 * value,
    ),
    dOut: randomFloats(pixels * channels, 3),
  };
  return { name, numbers, inputs };
});

const run = testKernel('warpedMixture', {
  // A coordinate of some 20 pixels has a rounding error of 1e-6 pixels in float32.
  tolerance: 1e-6,
  cases,
  reference: (shape, { frames, motion }) => ({ out: reference.warpedMixture(shape, shape.batch, frames, motion) }),
  tensors: (shape, { frames, motion }) => ({ out: warpedMixture(shape, frames, motion) }),
  expects: ['frames', 'motion'],
  sameBits: 'fused',
});

const runGradient = testKernel('warpedMixtureGradient', {
  tolerance: 3e-6,
  cases,
  reference: (shape, { frames, motion, dOut }) => ({
    dMotion: reference.warpedMixtureGradient(shape, shape.batch, frames, motion, dOut),
  }),
  tensors: (shape, { frames, motion, dOut }) => ({
    dMotion: tf.grad((x) => warpedMixture(shape, frames, x as Tensor4D))(motion, dOut),
  }),
  sameBits: 'fused',
});

testKernel('warpedMixtureFramesGradient', {
  tolerance: 1e-6,
  cases,
  reference: (shape, { motion, dOut }) => ({
    dFrames: reference.warpedMixtureFramesGradient(shape, shape.batch, motion, dOut),
  }),
  tensors(shape, { motion, dOut }) {
    const { batch, height, width, channels, frames } = shape;
    const still = tf.zeros([batch, height, width, frames * channels]);
    return { dFrames: tf.grad((x) => warpedMixture(shape, x as Tensor4D, motion))(still, dOut) };
  },
  sameBits: 'fused',
});

describeEach((implementation) => {
  test('a frame moved by whole pixels has the values of its pixels, the border going on', () => {
    const motion = Float32Array.from([-1, -1, 2, 2].flatMap((right) => [7, right, 5]));
    const numbers = { ...shapeOf([1, 4], 1, 1, 1), flowScale: 1 };
    const { out } = run(implementation, numbers, { frames: Float32Array.of(10, 20, 30, 40), motion });
    expect(Array.from(out)).toEqual([10, 10, 40, 40]);
  });

  test('a candidate whose logit is far above the others is all of the mixture', () => {
    const frames = Float32Array.of(1, 2, 3, 4, 5, 6);
    const motion = Float32Array.of(0, 0, 0, 0, 0, 500);
    const { out } = run(implementation, shapeOf([1, 1], 3, 2, 1), { frames, motion });
    expect(Array.from(out)).toEqual([4, 5, 6]);
  });

  test('a displacement that is no number or infinite reads nothing outside the frames', () => {
    const numbers = shapeOf([3, 5], 1, 1, 1);
    const frames = randomFloats(15, 1);
    for (const value of [NaN, Infinity, -Infinity]) {
      const motion = new Float32Array(45).fill(value).map((one, i) => (i % 3 === 2 ? 0 : one));
      const inputs = { frames, motion, dOut: new Float32Array(15).fill(1) };
      const isPixel = (one: number): boolean => frames.some((pixel) => Math.abs(pixel - one) < 1e-6);
      for (const one of run(implementation, numbers, inputs).out) expect(Number.isNaN(one) || isPixel(one)).toBe(true);
      // The one weight of TensorFlow's softmax is 1 less a rounding.
      const zero = implementation.backend === 'tensorflow' ? 1e-6 : 0;
      for (const one of runGradient(implementation, numbers, inputs).dMotion)
        expect(Number.isNaN(one) || Math.abs(one) <= zero).toBe(true);
    }
  });
});

test.each(cases.filter(({ name }) => !['one frame that stays where it is', 'whole pixels'].includes(name)))(
  'the reference gradients equal finite differences: $name',
  ({ name, numbers, inputs: { frames, motion, dOut } }) => {
    const { batch } = numbers;
    const value = (frames: ArrayLike<number>, motion: ArrayLike<number>): number =>
      reference.warpedMixture(numbers, batch, frames, motion).reduce((sum, one, i) => sum + one * dOut[i], 0);
    const common = { name, step: 1e-6, exhaustive: 100 };
    const dMotion = reference.warpedMixtureGradient(numbers, batch, frames, motion, dOut);
    const dFrames = reference.warpedMixtureFramesGradient(numbers, batch, motion, dOut);
    checkGradient({ ...common, value: (x) => value(frames, x), x: motion, gradient: dMotion });
    checkGradient({ ...common, value: (x) => value(x, motion), x: frames, gradient: dFrames });
  },
);

describeEach(
  ({ name }) =>
    test('it is a part of larger gradients, under tf.tidy too, and leaves no tensor behind', () => {
      const { numbers, inputs } = cases[3];
      const { batch, height, width } = numbers;
      const before = tf.memory().numTensors;
      const [still, start] = [inputs.frames, inputs.motion].map((values) =>
        tf.tensor4d(values, [batch, height, width, values.length / (batch * height * width)]),
      );
      const loss = (x: Tensor4D) =>
        tf.tidy(() => tf.sum<tf.Scalar>(tf.square(warpedMixture(numbers, still, tf.mul(x, tf.scalar(0.5))))));
      const { value, grad } = tf.valueAndGrad((x) => loss(x as Tensor4D))(start);
      const half = inputs.motion.map((one) => one / 2);
      const out = reference.warpedMixture(numbers, batch, inputs.frames, half);
      const doubled = out.map((one) => 2 * one);
      const gradient = reference.warpedMixtureGradient(numbers, batch, inputs.frames, half, doubled);
      const sum = [out.reduce((total, one) => total + one * one, 0)];
      expectClose(`${name}: a sum of squares`, 1e-6, sum, value.dataSync());
      expectClose(
        `${name}: its gradient`,
        3e-6,
        gradient.map((one) => one / 2),
        grad.dataSync(),
      );
      tf.dispose([value, grad, still, start]);
      expect(tf.memory().numTensors).toBe(before);
    }),
  implementations.filter(({ name }) => ['tensors over wasm', 'composed form on cpu'].includes(name)),
);
