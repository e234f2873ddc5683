import { extendLength, progressAt } from '../../src/training/pace.js';

const none = { steps: null, pace: [] };

describe('the progress of a schedule', () => {
  test('of a number of steps goes from 0 to 1 in a line', () => {
    const fixed = { steps: 8, pace: [] };
    expect([0, 2, 8, 9].map((step) => progressAt(fixed, step))).toEqual([0, 0.25, 1, 1]);
  });

  test('is not known before the minutes have become steps', () => {
    expect(progressAt(none, 3)).toBeNull();
  });

  test('goes on from each mark to the end that was foreseen there, without a jump', () => {
    const pace = [
      { step: 10, progress: 0, steps: 110, seconds: 1 },
      { step: 60, progress: 0.5, steps: 160, seconds: 9 },
    ];
    const at = (step: number) => progressAt({ steps: 160, pace }, step);
    expect([10, 35, 59].map(at)).toEqual([0, 0.25, 0.49]);
    expect([60, 110, 160].map(at)).toEqual([0.5, 0.75, 1]);
    expect(at(9)).toBeNull();
  });

  test('is at its end where the time was over at a mark', () => {
    expect(progressAt({ steps: 5, pace: [{ step: 5, progress: 0.3, steps: 5, seconds: 60 }] }, 5)).toBe(1);
  });
});

describe('a training that is made longer', () => {
  const length = { steps: 100, minutes: null, pace: [] };

  test('by steps stands where one of that length from the first would', () => {
    const longer = extendLength(length, 100, 50, { steps: 400 });
    expect(longer).toMatchObject({ steps: 400, minutes: null });
    expect([100, 250, 400].map((step) => progressAt(longer, step))).toEqual([0.25, 0.625, 1]);
  });

  test('by minutes goes on for as many', () => {
    const longer = extendLength(length, 100, 50, { minutes: 1 });
    expect(longer).toMatchObject({ steps: 220, minutes: 1 + 50 / 60 });
    expect(progressAt(longer, 100)).toBeCloseTo(100 / 220, 12);
  });

  test('before its first step is one of that length', () => {
    expect(extendLength(length, 0, 0, { minutes: 2 })).toEqual({ steps: null, minutes: 2, pace: [] });
  });

  test('by minutes, where it is not known how long it took, finds its pace anew', () => {
    expect(extendLength(length, 100, 0, { minutes: 2 })).toEqual({ steps: null, minutes: 2, pace: [] });
  });

  test.each([100, 20])('is not made %i steps long after 100', (steps) => {
    expect(() => extendLength(length, 100, 50, { steps })).toThrow(/--steps: expected more than 100, .* received \d+/);
  });
});
