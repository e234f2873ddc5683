import { tf } from '../../../src/foundation/tfjs.js';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import {
  blockMatching,
  BLOCK_MATCHING,
  extrapolateField,
  extrapolateMotion,
} from '../../../src/backend/block-matching.js';
import type { KernelNumbers } from '../../../src/backend/kernels/index.js';
import { randomFloats } from '../../random.js';
import { namedKernels } from '../implementations.js';
import { testKernel } from '../kernel-suite.js';
import { motionExtrapolation } from '../motion-extrapolation-reference.js';

type Numbers = KernelNumbers<'motionExtrapolation'>;

const CASES: { name: string; numbers: Numbers; steps: number[]; strength: number }[] = [
  { name: 'one pixel', numbers: { batch: 1, height: 1, width: 1 }, steps: [3], strength: 2 },
  { name: 'one row', numbers: { batch: 2, height: 1, width: 13 }, steps: [1, 5], strength: 2 },
  { name: 'one column', numbers: { batch: 1, height: 11, width: 1 }, steps: [2], strength: 3 },
  { name: 'one step and several', numbers: { batch: 3, height: 7, width: 9 }, steps: [1, 2, 9], strength: 1.5 },
  { name: 'most leave the frame', numbers: { batch: 2, height: 6, width: 5 }, steps: [1, 3], strength: 7 },
];

/** Random motions, smooth enough that some go the same way; the difference counts from 0. */
const cases = CASES.map(({ name, numbers, steps, strength }) => {
  const values = randomFloats(numbers.batch * numbers.height * numbers.width * 11, 5);
  const found = values.map((value) => Math.fround(Math.round(4 * strength * value) / 4));
  return { name, numbers, inputs: { found, steps: Float32Array.from(steps) } };
});

testKernel('motionExtrapolation', {
  tolerance: 2e-7,
  cases,
  reference: (numbers, { found, steps }) => ({ out: motionExtrapolation(numbers, found, steps) }),
  tensors: (_, { found, steps }) => ({ out: extrapolateField(found, [...(steps as Tensor).dataSync()]) }),
  isConstant: true,
  sameBits: 'all',
});

describe.each(namedKernels)('$name', ({ kernels }) => {
  test('what is no number, and steps out of range, end nothing', () => {
    const numbers = { batch: 3, height: 3, width: 4 };
    const found = new Float32Array(3 * 12 * 11).fill(NaN);
    const out = new Float32Array(found.length);
    kernels.motionExtrapolation(numbers, { found, steps: Float32Array.of(NaN, -4, 1e30), out });
    for (let at = 0; at < out.length; at++) if (at % 11 !== 10) expect(out[at]).toBe(0);
  });
});

const size = 48;

/** A disc over a faint texture that stands still. */
function disc(centreY: number, centreX: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, at) => {
    const y = Math.floor(at / size);
    const x = at % size;
    const inside = Math.min(1, Math.max(0, 4.5 - Math.hypot(y - centreY, x - centreX)));
    return inside * 230 + (1 - inside) * (80 + 20 * Math.sin(0.9 * x) * Math.cos(0.7 * y));
  });
}

/** Place of what is bright. */
function placeOf(frame: ArrayLike<number>): { y: number; x: number; pixels: number } {
  const bright = Array.from(frame, (level, at) => ({ level, y: Math.floor(at / size), x: at % size }));
  const inside = bright.filter(({ level }) => level > 165);
  const mean = (of: (pixel: { y: number; x: number }) => number) =>
    inside.reduce((sum, pixel) => sum + of(pixel), 0) / inside.length;
  return { y: mean(({ y }) => y), x: mean(({ x }) => x), pixels: inside.length };
}

test.each([1, 2, 3, 4, 5])('a disc that moves %d pixels a frame goes on, whole, for several frames', (speed) => {
  const steps = Math.min(8, Math.floor(28 / speed));
  const at = (time: number) => disc(24 + 0.4 * speed * time, 8 + speed * time);
  const moved = tf.tidy(() => {
    const [before, last] = [at(-1), at(0)].map((values) => tf.tensor<Rank.R4>(values, [1, size, size, 1]));
    const found = blockMatching({ height: size, width: size, channels: 1, ...BLOCK_MATCHING }, before, last);
    return extrapolateMotion(last, extrapolateField(found, [steps])).dataSync();
  });
  const truth = placeOf(at(steps));
  const place = placeOf(moved);
  // Motion is measured to about a quarter of a pixel a frame.
  expect(Math.hypot(place.y - truth.y, place.x - truth.x)).toBeLessThan(0.25 * steps);
  expect(place.pixels / truth.pixels).toBeGreaterThan(0.7);
  expect(place.pixels / truth.pixels).toBeLessThan(1.3);
});
