import { learningRate } from '../../src/training/stages.js';

const schedule = { rate: 0.01, warmUp: 10, decayFrom: 0.5 };

test.each([
  { at: 'the first step', step: 0, share: 0.1 },
  { at: 'half of the warm-up', step: 4, share: 0.5 },
  { at: 'the end of the warm-up', step: 9, share: 1 },
  { at: 'the level part', step: 30, share: 1 },
  { at: 'the start of the fall', step: 50, share: 1 },
  { at: 'a quarter of the fall', step: 62.5, share: 0.01 + 0.99 * (0.5 + Math.SQRT1_2 / 2) },
  { at: 'half of the fall', step: 75, share: 0.505 },
  { at: 'the end', step: 100, share: 0.01 },
])('at $at the rate is $share of the highest', ({ step, share }) => {
  expect(learningRate(schedule, step, step / 100)).toBeCloseTo(0.01 * share, 12);
});

test('the rate does not fall while the number of steps is not known', () => {
  expect(learningRate(schedule, 4, null)).toBeCloseTo(0.005, 12);
  expect(learningRate(schedule, 5000, null)).toBe(0.01);
});

test('without a warm-up the first step has the highest rate', () => {
  expect(learningRate({ ...schedule, warmUp: 0 }, 0, 0)).toBe(0.01);
});

test('with a fall from the start the rate never rises, and a hundredth is left at the end', () => {
  const rates = Array.from({ length: 50 }, (_, step) =>
    learningRate({ rate: 1, warmUp: 0, decayFrom: 0 }, step, step / 49),
  );
  rates.slice(1).forEach((rate, step) => expect(rate).toBeLessThanOrEqual(rates[step]));
  expect(rates[49]).toBeCloseTo(0.01, 12);
});

test('a rate that falls nowhere stays', () => {
  expect(learningRate({ ...schedule, decayFrom: 1 }, 99, 1)).toBe(0.01);
});
