import { BlockMaxima } from '../../src/anomaly/block-maxima.js';
import { randomFloats } from '../random.js';

const RATE = 10;

/** Values with an exponential tail: log(1 / u) of uniform u. */
const tailed = (count: number, seed: number) =>
  [...randomFloats(count, seed)].map((u) => -Math.log((u + 1) / 2 + 1e-9));

function learned(values: readonly number[], outliers = 5): BlockMaxima {
  return values.reduce((maxima, value) => maxima.learn(value), new BlockMaxima(RATE, outliers));
}

test('10 to the power of a score is about the seconds between values as high', () => {
  const maxima = learned(tailed(20_000, 1));
  // Of values of this distribution, a fraction of exp(-value) is as high.
  for (const seconds of [10, 100, 1000, 10_000]) {
    const value = Math.log(seconds * RATE);
    expect(Math.abs(maxima.score(value) - Math.log10(1 + seconds))).toBeLessThan(0.6);
  }
});

test('a score grows with the value, is finite, near 0 for common values, and 0 where nothing was learned', () => {
  const few = learned([1, 1.1, 0.9]);
  const scores = [0, 0.5, 1, 1.5, 3, 10, 100].map((value) => few.score(value));
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
  expect(new Set(scores).size).toBe(scores.length);
  expect(few.score(1)).toBeLessThan(0.2);
  expect(Number.isFinite(few.score(1e6))).toBe(true);
  expect(new BlockMaxima(RATE, 5).score(3)).toBe(0);
});

test('what comes again and again is common, and what came once is not', () => {
  const noise = tailed(400, 2).map((value) => Math.min(value, 4));
  const periodic = learned(noise.map((value, at) => (at % 25 === 0 ? 9 : value)));
  expect(periodic.score(9)).toBeLessThan(0.8);
  expect(periodic.score(20)).toBeGreaterThan(4);
  const once = learned(noise.map((value, at) => (at === 200 ? 9 : value)));
  expect(once.score(9)).toBeGreaterThan(2.5);
});

test('maxima that hardly differ do not make a small step a rare one', () => {
  const even = learned(tailed(300, 6).map((value) => 1 + 0.01 * value));
  expect(even.score(3)).toBeGreaterThan(1.5);
  expect(even.score(3)).toBeLessThan(2.5);
  expect(even.score(5)).toBeGreaterThan(3);
});

test('a state goes on as if it had never been saved, and holds an hour at most', () => {
  const first = learned(tailed(1000, 3));
  const saved = JSON.stringify(first.state);
  const second = new BlockMaxima(RATE, 5, JSON.parse(saved) as typeof first.state);
  const [whole, resumed] = [first, second].map((start) =>
    tailed(500, 4).reduce((maxima, value) => maxima.learn(value), start),
  );
  expect(resumed.score(8)).toBe(whole.score(8));
  expect(JSON.stringify(first.state)).toBe(saved);
  expect(learned(tailed(80_000, 5)).state.maxima).toHaveLength(3600);
});
