import { checkGradient } from './gradient-check.js';
import { randomFloats } from './random.js';

const value = (x: Float64Array): number => x.reduce((sum, v, i) => sum + (i + 1) * Math.sin(v), 0);
const gradientAt = (x: Float32Array): number[] => Array.from(x, (v, i) => (i + 1) * Math.cos(v));

test.each([5, 1000])('a right gradient of %i values passes', (length) => {
  const x = randomFloats(length, 1);
  expect(() => checkGradient({ name: 'sines', value, x, gradient: gradientAt(x) })).not.toThrow();
});

test('a gradient that is wrong in one of 5 values is refused, with its index', () => {
  const x = randomFloats(5, 1);
  const gradient = gradientAt(x);
  gradient[3] *= 1.001;
  expect(() => checkGradient({ name: 'sines', value, x, gradient })).toThrow(/sines: gradient (along|at index 3)/);
});

test('a gradient of 1000 values that lacks a factor is refused along a direction', () => {
  const x = randomFloats(1000, 1);
  const gradient = gradientAt(x).map((g) => 1.01 * g);
  expect(() => checkGradient({ name: 'sines', value, x, gradient })).toThrow('sines: gradient along direction 0');
});

test('a gradient of the wrong length is refused', () => {
  expect(() => checkGradient({ name: 'sines', value, x: [1, 2], gradient: [1] })).toThrow(
    '2 values, but a gradient of 1',
  );
});
