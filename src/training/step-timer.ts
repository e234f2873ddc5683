import { PaceEstimator, progressAt } from './pace.js';
import type { Checkpoint } from './run-folder.js';

/** Measures the steps of a run, and turns the minutes that a training is given into steps. */
export class StepTimer {
  private readonly started = performance.now();
  /** When the last step or validation ended. */
  private ended = this.started;
  private readonly seconds: number[] = [];
  /** Null where the number of steps was given. */
  private readonly pace: PaceEstimator | null;

  constructor({ configuration: { training }, step }: Checkpoint) {
    const { minutes, pace, steps } = training;
    const isTimed = minutes !== null && (steps === null || pace.length > 0);
    this.pace = isTimed ? new PaceEstimator(60 * minutes, training, step) : null;
  }

  /** Seconds of the time given, over all runs; null where the number of steps was given. */
  get time(): { passed: number; given: number } | null {
    return this.pace?.time(this.elapsed) ?? null;
  }

  /** Seconds of the last step. */
  get lastStep(): number {
    return this.seconds.at(-1) ?? NaN;
  }

  /** Seconds of a step of this run, in the median; NaN where there was none. */
  get medianStep(): number {
    const sorted = [...this.seconds].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  }

  private get elapsed(): number {
    return (performance.now() - this.started) / 1000;
  }

  /** Measures a step. What was done since the one before belongs to its pace. */
  async step<Learned>(learn: () => Promise<Learned>): Promise<Learned> {
    const began = performance.now();
    const learned = await learn();
    const now = performance.now();
    this.seconds.push((now - began) / 1000);
    this.pace?.step((now - this.ended) / 1000);
    this.ended = now;
    return learned;
  }

  /** Measures what was done since the last step as a validation, with the saves that followed it. */
  endValidation(): void {
    const now = performance.now();
    this.pace?.validation((now - this.ended) / 1000);
    this.ended = now;
  }

  /** The checkpoint with as many steps as there is time for; itself where it is not time to look, or it has no minutes. */
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
