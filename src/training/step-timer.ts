import { median } from '../foundation/median.js';
import type { Checkpoint } from './training-checkpoint.js';
import type { PaceMark } from './pace.js';

/** Number of first steps that are not measured: memory allocation and compilation slow them. */
const FIRST_STEPS = 3;
/** Fraction of the duration after which the number of steps is fixed. */
const MEASURED = 0.05;
/** Maximum fraction of the duration for validations, except the last. */
const MAX_VALIDATION_FRACTION = 1 / 4;

/**
 * Timer of the steps of a run. If the length of the training is given in minutes, the timer also estimates the number
 * of steps that fit them, from the steps of the first twentieth of the run without the first three. If the steps get
 * slower later, the minutes are over before the last step. A run that resumes after the number was fixed is not timed:
 * only the last step ends it.
 */
export class StepTimer {
  private readonly started: number;
  /** Time at which the last step or validation ended, in seconds. */
  private ended: number;
  /** Duration of each step in seconds. */
  private readonly steps: number[] = [];
  /** Duration of the measured steps with everything around them, except validations, in seconds. */
  private measuredSeconds = 0;
  /** Duration of the last validation with its saves in seconds; null before the first. */
  private validationSeconds: number | null = null;
  /** Duration of the run in seconds, validations included; null if only the number of steps ends it. */
  private readonly duration: number | null;

  /**
   * Starts to measure a run that goes on from a checkpoint.
   * @param now returns monotonic seconds
   */
  constructor(
    { configuration: { training }, step }: Checkpoint,
    private readonly now = () => performance.now() / 1000,
  ) {
    const { minutes, pace, steps } = training;
    const mark = pace.at(-1);
    // A training that is resumed later goes on to the last step, whatever the time.
    const isTimed = minutes !== null && (steps === null || mark?.step === step);
    this.duration = isTimed ? 60 * minutes - (mark?.seconds ?? 0) : null;
    this.started = now();
    this.ended = this.started;
  }

  /** Passed and total seconds of the run; null if only the number of steps ends it. */
  get time(): { passed: number; total: number } | null {
    return this.duration === null ? null : { passed: this.now() - this.started, total: this.duration };
  }

  /** True if the time left is at most that of the last validation, kept for the final one. False if not timed. */
  get isOver(): boolean {
    const { time } = this;
    return time !== null && time.passed + (this.validationSeconds ?? 0) >= time.total;
  }

  /**
   * True if the number of steps can be fixed: more than three steps were made, and a twentieth of the duration has
   * passed. False if the run is not timed.
   */
  get isMeasured(): boolean {
    const { time } = this;
    return time !== null && this.steps.length > FIRST_STEPS && time.passed >= MEASURED * time.total;
  }

  /** Duration of the last step in seconds; NaN before the first. */
  get lastStep(): number {
    return this.steps.at(-1) ?? NaN;
  }

  /** Median duration of a step of this run in seconds; NaN before the first. */
  get medianStep(): number {
    return this.steps.length === 0 ? NaN : median(this.steps);
  }

  /**
   * Runs `learn`, measures its duration, and returns its result. The estimate of the number of steps also counts the
   * time since the step before.
   */
  async step<Learned>(learn: () => Promise<Learned>): Promise<Learned> {
    const began = this.now();
    const learned = await learn();
    const now = this.now();
    if (this.steps.push(now - began) > FIRST_STEPS) this.measuredSeconds += now - this.ended;
    this.ended = now;
    return learned;
  }

  /** Records the time since the last step as a validation with its saves. */
  endValidation(): void {
    const now = this.now();
    this.validationSeconds = now - this.ended;
    this.ended = now;
  }

  /**
   * Returns the checkpoint of a timed run with the number of steps estimated to fit its minutes. If no step was
   * measured yet, the present one is the last. Of the requested validations, as many are left as take at most a quarter
   * of the duration. The result shares the tensors of `checkpoint`.
   * @param validate runs a validation to measure its duration; called only if none was measured yet
   */
  async fixSteps(checkpoint: Checkpoint, validate: () => Promise<unknown>): Promise<Checkpoint> {
    if (this.validationSeconds === null) {
      await validate();
      this.endValidation();
    }
    const { configuration, step } = checkpoint;
    const { training } = configuration;
    const { passed, total } = this.time!;
    const each = this.validationSeconds!;
    const affordable = Math.floor((MAX_VALIDATION_FRACTION * total) / each);
    const validations = Math.max(1, Math.min(training.validations, affordable));
    const measured = this.steps.length - FIRST_STEPS;
    const left = total - passed - validations * each;
    const more = measured > 0 ? Math.max(0, Math.floor(left / (this.measuredSeconds / measured))) : 0;
    const isReduced = validations < training.validations;
    const mark: PaceMark = {
      step,
      progress: 0,
      steps: step + more,
      seconds: passed,
      ...(isReduced && { validations }),
    };
    const fixed = { ...training, steps: mark.steps, pace: [mark] };
    return { ...checkpoint, configuration: { ...configuration, training: fixed } };
  }
}
