import { tf } from '../../../src/foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { fitTrajectories } from '../../../src/backend/block-matching.js';
import { MAX_MOTION_CHANGE, type KernelNumbers } from '../../../src/backend/kernels/index.js';
import { randomFloats } from '../../random.js';
import { namedKernels } from '../implementations.js';
import { testKernel } from '../kernel-suite.js';
import { motionTrajectory } from '../motion-trajectory-reference.js';

type Numbers = KernelNumbers<'motionTrajectory'>;

const CASES: { name: string; numbers: Omit<Numbers, 'maxChange'>; steps: number[]; strength: number }[] = [
  { name: 'one pixel', numbers: { batch: 1, height: 1, width: 1, pairs: 3 }, steps: [3], strength: 1 },
  { name: 'one row, one pair', numbers: { batch: 2, height: 1, width: 13, pairs: 1 }, steps: [1, 5], strength: 2 },
  { name: 'one column', numbers: { batch: 1, height: 11, width: 1, pairs: 2 }, steps: [2], strength: 1 },
  { name: 'whole trajectories', numbers: { batch: 3, height: 7, width: 9, pairs: 5 }, steps: [1, 2, 9], strength: 0.5 },
  { name: 'some reverse', numbers: { batch: 2, height: 6, width: 9, pairs: 9 }, steps: [1, 3], strength: 2.5 },
  { name: 'some end', numbers: { batch: 2, height: 6, width: 5, pairs: 16 }, steps: [1, 3], strength: 1.2 },
  { name: 'most leave the frame', numbers: { batch: 2, height: 6, width: 5, pairs: 4 }, steps: [1, 3], strength: 7 },
];

const cases = CASES.map(({ name, numbers, steps, strength }) => {
  const { pairs, batch, height, width } = numbers;
  const found = randomFloats(pairs * batch * height * width * 11, 5).map((value) => Math.fround(strength * value));
  // All pairs exist in the first example, one less in each further one.
  const existing = Float32Array.from(steps, (_, example) => pairs - example);
  const inputs = { found, existing, steps: Float32Array.from(steps) };
  return { name, numbers: { ...numbers, maxChange: MAX_MOTION_CHANGE }, inputs };
});

testKernel('motionTrajectory', {
  tolerance: 1e-6,
  cases,
  reference: (numbers, { found, existing, steps }) => ({ out: motionTrajectory(numbers, found, existing, steps) }),
  tensors: ({ pairs }, { found, existing, steps }) => {
    const values = (tensor: Tensor) => [...tensor.dataSync()];
    const ofPairs = tf.split<Tensor4D>(found, pairs, 3);
    return { out: fitTrajectories(ofPairs, values(existing), values(steps)) };
  },
  isConstant: true,
  sameBits: 'all',
});

describe.each(namedKernels)('$name', ({ kernels }) => {
  const numbers = { batch: 3, height: 3, width: 4, pairs: 2, maxChange: MAX_MOTION_CHANGE };

  test('values that are not finite, and numbers out of range, give motion of 0', () => {
    const found = new Float32Array(2 * 3 * 12 * 11).fill(NaN);
    const out = new Float32Array(3 * 12 * 11);
    kernels.motionTrajectory(numbers, {
      found,
      existing: Float32Array.of(1e30, NaN, -1),
      steps: Float32Array.of(NaN, -4, 1e30),
      out,
    });
    for (let at = 0; at < out.length; at++) if (at % 11 !== 10) expect(out[at]).toBe(0);
  });

  test('content that moves 2, 3, 2 and 3 pixels moves on by 2.5', () => {
    const pairs = 4;
    const found = Float32Array.from({ length: pairs * 12 * 11 }, (_, at) => {
      const pair = Math.floor(at / 11) % pairs;
      return at % 11 >= 5 && at % 11 < 10 ? -[2, 3, 2, 3][pair] : 0;
    });
    const out = new Float32Array(12 * 11);
    const motion = (existing: number) => {
      const given = { found, existing: Float32Array.of(existing), steps: Float32Array.of(64) };
      kernels.motionTrajectory({ ...numbers, batch: 1, pairs }, { ...given, out });
      expect(out[0]).toBe(0);
      return out[5];
    };
    // The slope of the line is that of 0, 2, 5, 7, 10; its place now is 0.2 before the first.
    expect(motion(4)).toBeCloseTo(-2.5 - 0.2 / 64, 5);
    // Of one pair, and of two: -2 and 5 / 2, whose line is 1 / 6 after the first place.
    expect(motion(1)).toBe(-2);
    expect(motion(2)).toBeCloseTo(-2.5 - 1 / 6 / 64, 5);
  });

  test.each([
    // Slope -(1 + 15) / 5.5, the squares of times 0, 1 and 0, 1, 2, 3; the newest line is 0.4545 after the first place.
    ['bounced two frames ago', [-2, 1, 3, 3, 3], -37 / 11],
    ['bounced in the newest pair', [1, 3, 2, 3, 2], -2.5],
    ['jumped, and did not return', [-3, 5, -3], -3],
  ])('the speed of content that %s is that of all segments', (_, motions, expected) => {
    const pairs = motions.length;
    const found = Float32Array.from({ length: pairs * 12 * 11 }, (_, at) =>
      at % 11 < 5 ? motions[Math.floor(at / 11) % pairs] : 0,
    );
    const out = new Float32Array(12 * 11);
    const given = { found, existing: Float32Array.of(pairs), steps: Float32Array.of(1) };
    kernels.motionTrajectory({ ...numbers, batch: 1, pairs }, { ...given, out });
    expect(out[0]).toBeCloseTo(expected, 5);
  });
});
