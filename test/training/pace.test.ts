import { extendLength, PaceEstimator, progressAt, validationsAt, type PaceMark } from '../../src/training/pace.js';

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

/** Goes through a training whose steps and validations take so long, by a clock of its own. */
function simulate(minutes: number, secondsOf: (step: number) => number, validationSeconds: number, validations = 10) {
  let schedule: { steps: number | null; pace: PaceMark[] } = { ...none };
  const pace = new PaceEstimator(60 * minutes, schedule, 0);
  let step = 0;
  let clock = 0;
  let done = 0;
  const progress: number[] = [];
  while (schedule.steps === null || step < schedule.steps) {
    clock += secondsOf(step);
    step++;
    pace.step(secondsOf(step - 1));
    const mark = pace.look(step, progressAt(schedule, step), clock, validations);
    if (mark !== null) schedule = { steps: mark.steps, pace: [...schedule.pace, mark] };
    const behind = progressAt(schedule, step);
    progress.push(behind ?? 0);
    const count = validationsAt({ ...schedule, validations }, step);
    const passed = (after: number) => Math.floor((progressAt(schedule, after) ?? 0) * count);
    if (passed(step) === passed(step - 1)) continue;
    done++;
    clock += validationSeconds;
    pace.validation(validationSeconds);
  }
  return { clock, progress, schedule, validations: done };
}

describe('minutes', () => {
  test.each<[string, number, (step: number) => number, number]>([
    ['even steps', 4, () => 0.1, 0],
    ['costly validations', 4, () => 0.1, 6],
    ['steps that become three times slower half-way', 4, (step) => (step < 1000 ? 0.1 : 0.3), 2],
    ['steps that become three times faster', 4, (step) => (step < 300 ? 0.3 : 0.1), 2],
    ['steps that now and then take long', 4, (step) => (step % 50 === 0 ? 2 : 0.05), 1],
    ['slow first steps', 1.2, (step) => (step < 3 ? 2 : 0.2), 1],
    ['steps of seconds', 4, () => 5, 3],
    ['a few tiny steps', 0.2, () => 0.002, 0.01],
  ])('are kept within 5% or ten seconds with %s', (_, minutes, secondsOf, validationSeconds) => {
    const { clock, progress, validations } = simulate(minutes, secondsOf, validationSeconds);
    expect(Math.abs(clock - 60 * minutes)).toBeLessThan(Math.max(10, 0.05 * 60 * minutes));
    expect(progress.at(-1)).toBe(1);
    expect(validations).toBe(10);
    progress.slice(1).forEach((behind, at) => expect(behind).toBeGreaterThanOrEqual(progress[at]));
  });

  test.each([
    ['of a fifteenth of the time', 1, 4],
    ['of a third of the time, of twelve seconds', 0.2, 4],
    ['of a third of the time, of a minute', 1, 20],
  ])('are kept, and used, where twenty validations are asked for, %s each', (_, minutes, validationSeconds) => {
    const { clock, progress, validations } = simulate(minutes, () => 1, validationSeconds, 20);
    // But for the first, whose time nobody knows before, and the last.
    expect(clock).toBeLessThan(60 * minutes + Math.max(3, validationSeconds));
    expect(clock).toBeGreaterThan(0.9 * 60 * minutes);
    expect(progress.at(-1)).toBe(1);
    expect(validations).toBeGreaterThan(0);
    expect(validations).toBeLessThanOrEqual(20);
    const learning = clock - validations * validationSeconds;
    if (validationSeconds < 15 * minutes) expect(learning).toBeGreaterThan(0.6 * 60 * minutes);
  });

  test('that are over before a step has been timed end the training', () => {
    const { schedule } = simulate(0.001, () => 1, 0, 1);
    expect(schedule).toMatchObject({ steps: 1, pace: [{ step: 1, steps: 1 }] });
  });

  test('count those of earlier runs', () => {
    const pace = [{ step: 100, progress: 0.5, steps: 200, seconds: 30 }];
    const clock = new PaceEstimator(60, { steps: 200, pace }, 150);
    for (let step = 0; step < 10; step++) clock.step(0.3);
    // 45 s are behind by the mark, 5 s in this sitting; ten are left.
    expect(clock.look(160, 0.8, 5, 1)).toEqual({ step: 160, progress: 0.8, steps: 160 + 33, seconds: 50 });
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
