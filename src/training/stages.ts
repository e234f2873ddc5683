import { z } from 'zod';
import { progressAt, type TrainingLength } from './pace.js';

/** A part of a training, with a learning rate that rises and falls and an optimiser's state of its own. */
export const stageSchema = z.strictObject({
  /**
   * Default: all; but the decoder, where a model is begun with that learns the expected frame and there are no roll-outs: without them it would
   * forget how its own frames look.
   */
  trains: z.union([z.enum(['all', 'conditioning', 'decoder']), z.int().min(0)]).optional(),
  /** Its share of the steps, beside the other stages'. */
  share: z.number().positive().default(1),
  /** The highest learning rate. Default: 0.002, or 0.0003 from a model's weights. */
  rate: z.number().positive().optional(),
  /** Steps until it is reached. */
  warmUp: z.int().min(0).default(100),
  /** Share of the stage after which the rate falls. */
  decayFrom: z.number().min(0).max(1).default(0.3),
  /** Of clips: share of the examples in which a random part of the frame is shown, in place of the whole. Default: half; none where a model is begun with. */
  crops: z.number().min(0).max(1).optional(),
  /** Of clips: roll-outs a step, for the loss on the expected frame alone (see roll-outs.ts); 0: none. */
  rollOuts: z.int().min(0).max(4096).default(0),
});

type AskedStage = z.infer<typeof stageSchema>;
type Completed = 'trains' | 'rate' | 'crops';
export type Stage = Omit<AskedStage, Completed> & { [Key in Completed]: NonNullable<AskedStage[Key]> };

/** Where a step stands: in which stage, and how far in it. */
export interface StagePosition {
  stage: Stage;
  /** Steps that were done in it before this one. */
  done: number;
  /** Share of it that is behind; null while the number of steps is not known. */
  progress: number | null;
}

/** Tells of one step after another in which stage it is. */
export class StageSchedule {
  private readonly starts: number[];
  private index: number;
  private began: number;

  /** @param step the first that will be asked for, 0 for the first of the training */
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

  /** Where a step, the one asked for last or the next, stands, by what the configuration has recorded alone. */
  at(length: TrainingLength, step: number): StagePosition {
    const index = this.indexAt(length, step);
    if (index !== this.index) [this.index, this.began] = [index, step];
    const { stages, starts } = this;
    const [from, to] = [starts[index], starts[index + 1] ?? 1];
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

/** Share of the highest rate that is left at the end of a stage. */
const FLOOR = 0.01;

/**
 * The learning rate of a step of a stage, by these numbers alone: up in a line, level, then down along half a cosine.
 * @param done steps of the stage before this one
 * @param progress share of the stage behind; null where it is not known yet, at the start: then the rate does not fall
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
