import { median } from '../foundation/median.js';
import { PaceClock } from './pace.js';
import type { Checkpoint } from './checkpoint.js';

/**
 * Timer of the steps of a run. If the length of the training is given in minutes, the timer also estimates the number
 * of steps. A run that resumes after the number was fixed is not timed: only the last step ends it.
 */
export class StepTimer {
  private readonly started = performance.now();
  /** Time at which the last step or validation ended. */
  private ended = this.started;
  private readonly seconds: number[] = [];
  /** Clock of the run; null if only the number of steps ends it. */
  private readonly pace: PaceClock | null;

  /** Starts to measure a run that goes on from a checkpoint. */
  constructor({ configuration: { training }, step }: Checkpoint) {
    const { minutes, pace, steps } = training;
    const mark = pace.at(-1);
    // A training that is resumed later goes on to the last step, whatever the time.
    const isTimed = minutes !== null && (steps === null || mark?.step === step);
    this.pace = isTimed ? new PaceClock(60 * minutes - (mark?.seconds ?? 0)) : null;
  }

  /** True if the run ends after a given duration. */
  get isTimed(): boolean {
    return this.pace !== null;
  }

  /** Passed and total seconds of the run; null if only the number of steps ends it. */
  get time(): { passed: number; total: number } | null {
    return this.pace && { passed: this.elapsed, total: this.pace.seconds };
  }

  /** True if the time left is at most that of a validation. False if the run is not timed. */
  get isOver(): boolean {
    return this.pace?.isOver(this.elapsed) ?? false;
  }

  /** Duration of the last step in seconds; NaN before the first. */
  get lastStep(): number {
    return this.seconds.at(-1) ?? NaN;
  }

  /** Median duration of a step of this run in seconds; NaN before the first. */
  get medianStep(): number {
    return this.seconds.length === 0 ? NaN : median(this.seconds);
  }

  private get elapsed(): number {
    return (performance.now() - this.started) / 1000;
  }

  /**
   * Runs `learn`, measures its duration, and returns its result. The estimate of the number of steps also counts the
   * time since the step before.
   */
  async step<Learned>(learn: () => Promise<Learned>): Promise<Learned> {
    const began = performance.now();
    const learned = await learn();
    const now = performance.now();
    this.seconds.push((now - began) / 1000);
    this.pace?.step((now - this.ended) / 1000);
    this.ended = now;
    return learned;
  }

  /** Records the time since the last step as a validation with its saves. */
  endValidation(): void {
    const now = performance.now();
    this.pace?.validation((now - this.ended) / 1000);
    this.ended = now;
  }

  /** True if enough was measured to fix the number of steps. False if the run is not timed. */
  get isMeasured(): boolean {
    return this.pace?.isMeasured(this.elapsed) ?? false;
  }

  /**
   * Returns the checkpoint of a timed run with the number of steps estimated to fit its minutes. The result shares the
   * tensors of `checkpoint`.
   * @param validate runs a validation to measure its duration; called only if none was measured yet
   */
  async fixSteps(checkpoint: Checkpoint, validate: () => Promise<unknown>): Promise<Checkpoint> {
    const pace = this.pace!;
    if (!pace.hasValidated) {
      await validate();
      this.endValidation();
    }
    const { configuration, step } = checkpoint;
    const { training } = configuration;
    const mark = pace.mark(step, this.elapsed, training.validations);
    const fixed = { ...training, steps: mark.steps, pace: [mark] };
    return { ...checkpoint, configuration: { ...configuration, training: fixed } };
  }
}
