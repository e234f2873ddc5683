import { bitsOf, expectClose } from './comparison.js';

test('a comparison names place, index and both values of a failure', () => {
  expect(() => expectClose('convolution [avx2] 2x3', 2e-5, [1, 2], [1, 2.5])).toThrow(
    'convolution [avx2] 2x3: index 1: expected 2, received 2.5',
  );
});

test('errors are relative to 1 or to what is expected, whichever is larger', () => {
  expect(() => expectClose('close', 0.1, [0.01, 100], [0.1, 109])).not.toThrow();
  expect(() => expectClose('far', 0.1, [0.01], [0.12])).toThrow('far: index 0');
  expect(() => expectClose('far', 0.1, [100], [111])).toThrow('far: index 0');
});

test.each([[[1, NaN]], [[1]]])('a comparison refuses %j for two numbers', (received) => {
  expect(() => expectClose('convolution', 2e-5, [1, 2], received)).toThrow('convolution');
});

test('bits tell a zero from a negative one, and a part of an array from another', () => {
  const array = Float32Array.of(0, 1, -0, 1);
  expect(bitsOf({ array: array.subarray(0, 2), none: null })).toEqual(
    bitsOf({ array: Float32Array.of(0, 1), none: null }),
  );
  expect(bitsOf({ array: array.subarray(0, 2) })).not.toEqual(bitsOf({ array: array.subarray(2) }));
});
