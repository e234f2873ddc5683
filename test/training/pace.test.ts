import { extendLength, isValidationStep, PaceClock, progressAt, type PaceMark } from '../../src/training/pace.js';

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
  const clock = new PaceClock(60 * minutes);
  let mark: PaceMark | null = null;
  let [step, elapsed, done, isOver] = [0, 0, 0, false];
  const validate = () => {
    elapsed += validationSeconds;
    clock.validation(validationSeconds);
  };
  while (!isOver && (mark === null || step < mark.steps)) {
    elapsed += secondsOf(step);
    clock.step(secondsOf(step));
    step++;
    isOver = clock.isOver(elapsed);
    if (mark === null && (isOver || clock.isMeasured(elapsed))) {
      if (!isOver) validate();
      mark = clock.mark(step, elapsed, validations);
    }
    const schedule = { steps: mark?.steps ?? null, pace: mark === null ? [] : [mark], validations };
    if (!isOver && !isValidationStep(schedule, step)) continue;
    done++;
    validate();
  }
  return { elapsed, step, mark: mark!, validations: done };
}

describe('minutes', () => {
  test.each<[string, number, (step: number) => number, number]>([
    ['even steps', 4, () => 0.1, 0],
    ['costly validations', 4, () => 0.1, 6],
    ['slow first steps', 1.2, (step) => (step < 3 ? 2 : 0.2), 1],
    ['steps of seconds', 4, () => 5, 3],
    ['a few tiny steps', 0.2, () => 0.002, 0.01],
  ])('become steps that fill them, to 5%% or ten seconds, with %s', (_, minutes, secondsOf, validationSeconds) => {
    const { elapsed, step, mark, validations } = simulate(minutes, secondsOf, validationSeconds);
    expect(Math.abs(elapsed - 60 * minutes)).toBeLessThan(Math.max(10, 0.05 * 60 * minutes));
    expect(step).toBeGreaterThan(0.95 * mark.steps);
    expect(validations).toBeGreaterThanOrEqual(9);
  });

  test('that become steps end a training in time where a machine gets slower, before its last step', () => {
    const { elapsed, step, mark } = simulate(4, (done) => (done < 1000 ? 0.1 : 0.3), 2);
    expect(step).toBeLessThan(0.8 * mark.steps);
    expect(elapsed).toBeGreaterThan(4 * 60 - 3);
    expect(elapsed).toBeLessThan(4 * 60 + 3);
  });

  test('become no more steps where a machine gets faster: the training ends before they are over', () => {
    const { elapsed, step, mark } = simulate(4, (done) => (done < 300 ? 0.3 : 0.1), 2);
    expect(step).toBe(mark.steps);
    expect(elapsed).toBeLessThan(0.7 * 4 * 60);
  });

  test.each([
    ['of a fifteenth of the time', 1, 4],
    ['of a third of the time, of twelve seconds', 0.2, 4],
    ['of a third of the time, of a minute', 1, 20],
  ])('are kept where twenty validations are asked for, %s each', (_, minutes, validationSeconds) => {
    const { elapsed, validations } = simulate(minutes, () => 1, validationSeconds, 20);
    expect(elapsed).toBeLessThan(60 * minutes + 3);
    expect(elapsed).toBeGreaterThan(0.85 * 60 * minutes);
    expect(validations).toBeGreaterThan(0);
    expect(validations).toBeLessThanOrEqual(20);
    const learning = elapsed - (validations + 1) * validationSeconds;
    if (validationSeconds < 15 * minutes) expect(learning).toBeGreaterThan(0.6 * 60 * minutes);
  });

  test('that are over before a step has been timed end the training', () => {
    const { step, mark } = simulate(0.001, () => 1, 0, 1);
    expect([step, mark.steps]).toEqual([1, 1]);
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
