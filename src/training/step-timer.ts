import { PaceEstimator, progressAt } from './pace.js';
import type { Checkpoint } from './run-folder.js';

/** Timer of the steps of a run, which estimates the number of steps from the minutes of a training. */
export class StepTimer {
  private readonly started = performance.now();
  /** Time at which the last step or validation ended. */
  private ended = this.started;
  private readonly seconds: number[] = [];
  /** Estimator of the number of steps; null if the number of steps was given. */
  private readonly pace: PaceEstimator | null;

  constructor({ configuration: { training }, step }: Checkpoint) {
    const { minutes, pace, steps } = training;
    const isTimed = minutes !== null && (steps === null || pace.length > 0);
    this.pace = isTimed ? new PaceEstimator(60 * minutes, training, step) : null;
  }

  /** Passed and given seconds over all runs; null if the number of steps was given. */
  get time(): { passed: number; given: number } | null {
    return this.pace?.time(this.elapsed) ?? null;
  }

  /** Duration of the last step in seconds; NaN before the first. */
  get lastStep(): number {
    return this.seconds.at(-1) ?? NaN;
  }

  /** Median duration of a step of this run in seconds; NaN before the first. */
  get medianStep(): number {
    const sorted = [...this.seconds].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  }

  private get elapsed(): number {
    return (performance.now() - this.started) / 1000;
  }

  /** Runs and measures a step. The time since the step before counts for the pace too. */
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

  /**
   * Returns the checkpoint with a new estimate of the number of steps. Returns `checkpoint` itself if no estimate is
   * due, or the number of steps was given.
   */
  reschedule(checkpoint: Checkpoint): Checkpoint {
    const { configuration, step } = checkpoint;
    const { training } = configuration;
    const mark = this.pace?.look(step, progressAt(training, step), this.elapsed, training.validations) ?? null;
    if (mark === null) return checkpoint;
    const { steps } = mark;
    return {
      ...checkpoint,
      configuration: { ...configuration, training: { ...training, steps, pace: [...training.pace, mark] } },
    };
  }
}
