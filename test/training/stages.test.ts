import { runSchema } from '../../src/training/configuration.js';
import { extendLength } from '../../src/training/pace.js';
import { learningRate, StageSchedule } from '../../src/training/stages.js';
import { tinyRun } from './moving-square.js';

const { stages } = tinyRun({
  stages: [
    { share: 1, rate: 1 },
    { share: 3, rate: 2 },
    { share: 1, rate: 3 },
  ],
}).training;
const length = (steps: number) => ({ steps, minutes: null, pace: [] });

/** The stage's rate, the steps done in it and its progress, for steps `from` to `to`. */
function positions(of: ReturnType<typeof length>, from: number, to: number) {
  const at = new StageSchedule(stages, of, from);
  return Array.from({ length: to - from + 1 }, (_, i) => {
    const { stage, done, progress } = at.at(of, from + i);
    return [stage.rate, done, Math.round(100 * progress!)];
  });
}

test('stages follow each other by their shares, each from its own beginning to its own end', () => {
  expect(positions(length(10), 0, 9)).toEqual([
    [1, 0, 0],
    [1, 1, 50],
    ...[0, 17, 33, 50, 67, 83].map((progress, done) => [2, done, progress]),
    [3, 0, 0],
    [3, 1, 50],
  ]);
});

test('a training that is resumed at any step stands where one that never stopped does', () => {
  const whole = positions(length(10), 0, 9);
  for (let step = 0; step < 10; step++) expect(positions(length(10), step, 9)).toEqual(whole.slice(step));
});

test('a stage that grows as minutes become more steps keeps what was done in it', () => {
  const steps = length(10);
  const at = new StageSchedule(stages, steps, 0);
  for (const step of [0, 1, 2, 3]) at.at(steps, step);
  const longer = { ...steps, steps: 16, pace: [{ step: 4, progress: 0.4, steps: 16, seconds: 1 }] };
  const going = at.at(longer, 4);
  const resumed = new StageSchedule(stages, longer, 4).at(longer, 4);
  expect(going).toMatchObject({ stage: { rate: 2 }, done: 2 });
  expect(going.progress).toBeCloseTo(1 / 3, 12);
  expect(resumed).toMatchObject({ stage: { rate: 2 } });
});

test('a training that is made longer in a stage keeps what was done in it', () => {
  const longer = extendLength(length(10), 5, 60, { steps: 12 });
  const { stage, done } = new StageSchedule(stages, longer, 5).at(longer, 5);
  expect([stage.rate, done]).toEqual([2, 3]);
});

test('until the number of steps is known the first stage goes on, and its progress is not known', () => {
  const unknown = { steps: null, minutes: 1, pace: [] };
  const at = new StageSchedule(stages, unknown, 0);
  expect([0, 1, 2].map((step) => at.at(unknown, step))).toMatchObject(
    [0, 1, 2].map((done) => ({ stage: { rate: 1 }, done, progress: null })),
  );
});

test('a training without stages has one, of everything', () => {
  expect(tinyRun().training.stages).toEqual([
    { trains: 'all', share: 1, rate: 2e-3, warmUp: 100, decayFrom: 0.3, crops: 0.5, rollOuts: 0 },
  ]);
  expect(() => runSchema.parse({ ...tinyRun(), training: { steps: 1, stages: [] } })).toThrow();
});

describe('the learning rate', () => {
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
});
