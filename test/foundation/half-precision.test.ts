import { fromHalf, toHalf } from '../../src/foundation/half-precision.js';
import { randomFloats } from '../random.js';
import { slowTest } from '../extent.js';

/** All finite numbers from 0 on, by the definition: fraction by fraction, the exponents one after another. */
const numbers = Array.from({ length: 31 * 1024 }, (_, bits) => {
  const exponent = Math.floor(bits / 1024);
  const fraction = bits % 1024;
  return exponent === 0 ? fraction / 2 ** 24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
});

test('every number is what its bits say, and has these bits', () => {
  expect(numbers[1]).toBe(2 ** -24);
  expect(numbers.at(-1)).toBe(65504);
  for (const [bits, value] of numbers.entries()) {
    if (fromHalf(bits) !== value || !Object.is(fromHalf(bits | 0x8000), -value)) throw new Error(`${bits} is ${value}`);
    if (toHalf(value) !== bits || toHalf(-value) !== (bits | 0x8000)) throw new Error(`${value} is ${bits}`);
  }
});

test('a value between two becomes the nearer one, in the middle the even one', () => {
  for (const [bits, below] of numbers.slice(0, -1).entries()) {
    const above = numbers[bits + 1];
    const middle = (below + above) / 2;
    const near = (above - below) / 1000;
    if (toHalf(middle - near) !== bits || toHalf(middle + near) !== bits + 1) throw new Error(`near ${middle}`);
    if (toHalf(middle) !== bits + (bits % 2)) throw new Error(`at ${middle}`);
  }
});

slowTest('of random values none is nearer', () => {
  for (const value of randomFloats(1000, 3)) {
    const distances = numbers.map((number) => Math.abs(Math.abs(value) - number));
    expect(Math.abs(value - fromHalf(toHalf(value)))).toBe(Math.min(...distances));
  }
});

test.each([
  ['too large', 65520, Infinity],
  ['far too large', -1e30, -Infinity],
  ['nearly too large', 65519.99, 65504],
  ['infinite', -Infinity, -Infinity],
  ['no number', NaN, NaN],
  ['too small', 2 ** -25, 0],
  ['too small and below zero', -(2 ** -25), -0],
])('%s', (_, value, expected) => {
  expect(fromHalf(toHalf(value))).toBe(expected);
});

test('bits of what is no number', () => {
  for (const bits of [0x7c01, 0x7e00, 0xffff]) expect(fromHalf(bits)).toBeNaN();
});
