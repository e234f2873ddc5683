import { quantile, RunningMean } from '../../src/evaluation/statistics.js';

function over(...values: [value: number, weight?: number][]): RunningMean {
  const running = new RunningMean();
  for (const [value, weight] of values) running.add(value, weight);
  return running;
}

test('mean and standard error of 2, 4, 4, 4, 5, 5, 7, 9 are 5 and sqrt(32 / 7 / 8)', () => {
  const running = over(...[2, 4, 4, 4, 5, 5, 7, 9].map((value): [number] => [value]));
  expect(running.mean).toBeCloseTo(5, 12);
  expect(running.standardError).toBeCloseTo(Math.sqrt(32 / 7 / 8), 12);
});

test('weights of 1 and 3 on 10 and 2 give the mean 4 and the standard error sqrt(2 * (6^2 + 6^2)) / 4', () => {
  const running = over([10, 1], [2, 3]);
  expect(running.mean).toBeCloseTo(4, 12);
  expect(running.standardError).toBeCloseTo(3, 12);
});

test('a common factor of the weights changes nothing', () => {
  const one = over([1, 1], [2, 4], [4, 2]);
  const many = over([1, 3072], [2, 12288], [4, 6144]);
  expect(many.mean).toBeCloseTo(one.mean, 12);
  expect(many.standardError).toBeCloseTo(one.standardError, 12);
});

test('values that differ little from each other keep their standard error', () => {
  expect(over([1e8], [1e8 + 1e-4], [1e8 - 1e-4]).standardError).toBeCloseTo(1e-4 / Math.sqrt(3), 8);
  expect(over([3.3], [3.3], [3.3]).standardError).toBe(0);
});

test('one value has a mean and no standard error; none has neither', () => {
  expect(over([3.5]).mean).toBe(3.5);
  expect(over([3.5]).standardError).toBeNaN();
  expect(over().mean).toBeNaN();
});

test.each([
  [0, 1],
  [0.25, 2],
  [0.5, 3],
  [0.6, 3.8],
  [1, 9],
])('the quantile %f of 1, 2, 3, 5, 9 is %f', (share, expected) => {
  expect(quantile(Float64Array.of(1, 2, 3, 5, 9), share)).toBeCloseTo(expected, 12);
});

test('every quantile of one value is that value', () => {
  expect([0, 0.3, 1].map((share) => quantile(Float64Array.of(7), share))).toEqual([7, 7, 7]);
});
