import type { Checkpoint } from '../../src/training/training-checkpoint.js';
import { isValidationStep } from '../../src/training/pace.js';
import { StepTimer } from '../../src/training/step-timer.js';

/** Goes through a training whose steps and validations take so long, by a clock of its own. */
async function simulate(
  minutes: number,
  secondsOf: (step: number) => number,
  validationSeconds: number,
  validations = 10,
) {
  let [elapsed, done, isOver] = [0, 0, false];
  const training = { minutes, steps: null, pace: [], validations };
  let checkpoint = { configuration: { training }, step: 0 } as unknown as Checkpoint;
  const timer = new StepTimer(checkpoint, () => elapsed);
  const validate = () => Promise.resolve((elapsed += validationSeconds));
  while (!isOver && checkpoint.step < (checkpoint.configuration.training.steps ?? Infinity)) {
    await timer.step(() => Promise.resolve((elapsed += secondsOf(checkpoint.step))));
    checkpoint = { ...checkpoint, step: checkpoint.step + 1 };
    isOver = timer.isOver;
    if (checkpoint.configuration.training.steps === null && (isOver || timer.isMeasured))
      checkpoint = await timer.fixSteps(checkpoint, () => (isOver ? Promise.resolve() : validate()));
    if (!isOver && !isValidationStep(checkpoint.configuration.training, checkpoint.step)) continue;
    done++;
    await validate();
    timer.endValidation();
  }
  const [mark] = checkpoint.configuration.training.pace;
  return { elapsed, step: checkpoint.step, mark, validations: done };
}

describe('minutes', () => {
  test.each<[string, number, (step: number) => number, number]>([
    ['even steps', 4, () => 0.1, 0],
    ['costly validations', 4, () => 0.1, 6],
    ['slow first steps', 1.2, (step) => (step < 3 ? 2 : 0.2), 1],
    ['steps of seconds', 4, () => 5, 3],
    ['a few tiny steps', 0.2, () => 0.002, 0.01],
  ])(
    'become steps that fill them, to 5%% or ten seconds, with %s',
    async (_, minutes, secondsOf, validationSeconds) => {
      const { elapsed, step, mark, validations } = await simulate(minutes, secondsOf, validationSeconds);
      expect(Math.abs(elapsed - 60 * minutes)).toBeLessThan(Math.max(10, 0.05 * 60 * minutes));
      expect(step).toBeGreaterThan(0.95 * mark.steps);
      expect(validations).toBeGreaterThanOrEqual(9);
    },
  );

  test('that become steps end a training in time where a machine gets slower, before its last step', async () => {
    const { elapsed, step, mark } = await simulate(4, (done) => (done < 1000 ? 0.1 : 0.3), 2);
    expect(step).toBeLessThan(0.8 * mark.steps);
    expect(elapsed).toBeGreaterThan(4 * 60 - 3);
    expect(elapsed).toBeLessThan(4 * 60 + 3);
  });

  test('become no more steps where a machine gets faster: the training ends before they are over', async () => {
    const { elapsed, step, mark } = await simulate(4, (done) => (done < 300 ? 0.3 : 0.1), 2);
    expect(step).toBe(mark.steps);
    expect(elapsed).toBeLessThan(0.7 * 4 * 60);
  });

  test.each([
    ['of a fifteenth of the time', 1, 4],
    ['of a third of the time, of twelve seconds', 0.2, 4],
    ['of a third of the time, of a minute', 1, 20],
  ])('are kept where twenty validations are asked for, %s each', async (_, minutes, validationSeconds) => {
    const { elapsed, validations } = await simulate(minutes, () => 1, validationSeconds, 20);
    expect(elapsed).toBeLessThan(60 * minutes + 3);
    expect(elapsed).toBeGreaterThan(0.85 * 60 * minutes);
    expect(validations).toBeGreaterThan(0);
    expect(validations).toBeLessThanOrEqual(20);
    const learning = elapsed - (validations + 1) * validationSeconds;
    if (validationSeconds < 15 * minutes) expect(learning).toBeGreaterThan(0.6 * 60 * minutes);
  });

  test('that are over before a step has been timed end the training', async () => {
    const { step, mark } = await simulate(0.001, () => 1, 0, 1);
    expect([step, mark.steps]).toEqual([1, 1]);
  });
});
