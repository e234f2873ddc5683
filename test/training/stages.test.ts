import { runSchema } from '../../src/training/configuration.js';
import { extended } from '../../src/training/pace.js';
import { Stages } from '../../src/training/stages.js';
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
  const at = new Stages(stages, of, from);
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
  const at = new Stages(stages, steps, 0);
  for (const step of [0, 1, 2, 3]) at.at(steps, step);
  const longer = { ...steps, steps: 16, pace: [{ step: 4, progress: 0.4, steps: 16, seconds: 1 }] };
  const [going, resumed] = [at.at(longer, 4), new Stages(stages, longer, 4).at(longer, 4)];
  expect(going).toMatchObject({ stage: { rate: 2 }, done: 2 });
  expect(going.progress).toBeCloseTo(1 / 3, 12);
  expect(resumed).toMatchObject({ stage: { rate: 2 } });
});

test('a training that is made longer in a stage keeps what was done in it', () => {
  const longer = extended(length(10), 5, 60, { steps: 12 });
  const { stage, done } = new Stages(stages, longer, 5).at(longer, 5);
  expect([stage.rate, done]).toEqual([2, 3]);
});

test('until the number of steps is known the first stage goes on, and its progress is not known', () => {
  const unknown = { steps: null, minutes: 1, pace: [] };
  const at = new Stages(stages, unknown, 0);
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
