import { z } from 'zod';
import { anchorLossNames } from '../optimization/anchor-loss.js';
import { withFlag } from '../foundation/option-fields.js';
import { DEFAULT_RATE, fineTuningDefaults } from './data-defaults.js';
import { progressAt, type TrainingLength } from './pace.js';

/**
 * Schema of a stage: a part of a training with its own trained weights, length, learning rate schedule, crops, rollouts
 * and optimiser state.
 */
export const stageSchema = z.strictObject({
  /**
   * Part of the model that is trained; a number is the index of a scale. Default: `all`. A training that starts from a
   * model with a learned expected frame, and has no rollouts, trains the `decoder`: else the model would forget how its
   * own frames look.
   */
  trains: z.union([z.enum(['all', 'conditioning', 'decoder']), z.int().min(0)]).optional(),
  /** Length of the stage relative to the other stages. */
  share: z.number().positive().default(1),
  /** Peak learning rate. Default: 0.002, or 0.0003 if the training starts from a model's weights. */
  rate: withFlag(
    z.number().positive().optional(),
    'rate',
    `peak learning rate (default: ${fineTuningDefaults.rate}; from random weights ${DEFAULT_RATE})`,
    { name: 'learning-rate', max: 10 },
  ),
  /** Number of steps of linear warm-up. */
  warmUp: z.int().min(0).default(100),
  /** Fraction of the stage after which the learning rate decays, 0 to 1. */
  decayFrom: z.number().min(0).max(1).default(0.3),
  /**
   * Fraction of the examples of clips that are random crops. Default: 0.5, or 0 if the training starts from a model's
   * weights.
   */
  crops: z.number().min(0).max(1).optional(),
  /** Examples per step of this stage, at most those of the training. Default: those of the training. */
  batch: z.int().min(1).max(4096).optional(),
  /** Loss on expected frames (see anchor-loss.ts). Default: `log-mse`. */
  anchorLoss: z.enum(anchorLossNames).optional(),
  /** Number of rollouts of clips a step, for the loss on the expected frame alone (see rollouts.ts); 0: none. */
  rollOuts: z.int().min(0).max(4096).default(0),
});

/** Stage as a user gives it. Defaults are filled in, but for those that depend on the training: see `Stage`. */
export type AskedStage = z.infer<typeof stageSchema>;
type Completed = 'trains' | 'rate' | 'crops';
/**
 * Part of a training with its own trained weights, length, learning rate schedule, crops, rollouts and optimiser state,
 * with all defaults filled in.
 * @interface
 */
export type Stage = Omit<AskedStage, Completed> & { [Key in Completed]: NonNullable<AskedStage[Key]> };

/** Position of a step in the stages of a training. */
export interface StagePosition {
  stage: Stage;
  /** Number of steps of the stage before this step. */
  done: number;
  /** Fraction of the stage that is done, 0 to 1; null if the number of steps is not known yet. */
  progress: number | null;
}

/** Schedule that maps consecutive steps to stages. */
export class StageSchedule {
  private readonly starts: number[];
  private index: number;
  private began: number;

  /** @param length length of the training as known at `step` @param step first step that `at` is called with, from 0 */
  constructor(
    private readonly stages: readonly Stage[],
    length: TrainingLength,
    step: number,
  ) {
    const sum = (some: readonly Stage[]) => some.reduce((total, { share }) => total + share, 0);
    this.starts = stages.map((_, index) => sum(stages.slice(0, index)) / sum(stages));
    this.index = this.indexAt(length, step);
    this.began = step;
    while (this.began > 0 && this.indexAt(length, this.began - 1) === this.index) this.began--;
  }

  /**
   * Returns the position of a step in the stages of a training of `length`. While the number of steps is not known, the
   * stage is the first. Pass steps in ascending order; a step may be repeated.
   */
  at(length: TrainingLength, step: number): StagePosition {
    const index = this.indexAt(length, step);
    if (index !== this.index) [this.index, this.began] = [index, step];
    const { stages, starts } = this;
    const from = starts[index];
    const to = starts[index + 1] ?? 1;
    const progress = progressAt(length, step);
    return {
      stage: stages[index],
      done: step - this.began,
      progress: progress === null ? null : (progress - from) / (to - from),
    };
  }

  private indexAt(length: TrainingLength, step: number): number {
    const progress = progressAt(length, step) ?? 0;
    return this.starts.findLastIndex((start) => start <= progress);
  }
}

/** Fraction of the peak learning rate that is left at the end of a stage. */
const FLOOR = 0.01;

/**
 * Returns the learning rate of a step of a stage: linear warm-up, constant, then half a cosine down to 1% of the peak.
 * @param done number of steps of the stage before this step
 * @param progress fraction of the stage that is done; null: not known yet, so that the rate does not decay
 */
export function learningRate(
  { rate, warmUp, decayFrom }: Pick<Stage, 'rate' | 'warmUp' | 'decayFrom'>,
  done: number,
  progress: number | null,
): number {
  const rising = Math.min(1, (done + 1) / Math.max(1, warmUp));
  const fallen = progress === null || progress <= decayFrom ? 0 : (progress - decayFrom) / (1 - decayFrom);
  return rate * rising * (FLOOR + (1 - FLOOR) * 0.5 * (1 + Math.cos(Math.PI * fallen)));
}
