import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { currentArithmetic } from '../backend/current-backend.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { singleProcess, type ProcessGroup } from '../distributed/process-group.js';
import type { Chain } from '../model/chain.js';
import { withNewOptimiser, type Checkpoint } from './training-checkpoint.js';
import { assertFiniteStep, assertFiniteValidation, CheckpointSaver, type Learned } from './checkpoint-saver.js';
import { StepTimer } from './step-timer.js';
import type { RunConfiguration, TrainingConfiguration } from './configuration.js';
import { trainStep } from './train-step.js';
import { isValidationStep } from './pace.js';
import type { StepData } from './shards.js';
import { StageSchedule, type Stage, type StagePosition } from './stages.js';
import type { Validation } from './validation.js';

/** Log entry of a step, a line of log.jsonl: its metrics by name. */
export interface LogEntry {
  /** Number of updates done. */
  step: number;
  /** Metrics of the step by name, such as bitsPerDim. */
  [name: string]: number;
}

/** Destination of what a training writes as it goes: a run folder, or memory where there are no files. */
export interface TrainingOutput {
  /** Path of the folder with the last saved state; null if no state is saved. */
  readonly savedIn: string | null;
  /** Records the configuration, whose number of steps is now fixed. */
  writeConfiguration(configuration: RunConfiguration): void;
  /** Keeps the weights of the checkpoint as the model, in place of those kept before. */
  saveModel(chain: Chain, checkpoint: Checkpoint): void;
  /** Keeps the state, for a training that is resumed later. */
  saveTraining(chain: Chain, checkpoint: Checkpoint): void;
  /** Appends an entry to the log. */
  appendLog(entry: LogEntry): void;
}

/** Training data and the validation on held-out data. */
export interface TrainingData extends StepData {
  /**
   * Computes bits/dim of the held-out data; null if nothing is held out. Without a validation the latest weights are
   * the best.
   */
  validate: ((weights: readonly Tensor[], processGroup?: ProcessGroup) => Promise<number>) | null;
  /**
   * Bits/dim of the previous-frame baseline on the held-out data, for the log; null if there is none. Default: not
   * known.
   */
  previousFrame?: number | null;
}

/** Progress of a training after a step. */
export interface TrainingProgress {
  /** Number of updates done. */
  step: number;
  /** Total number of steps; null until fixed from the minutes. */
  steps: number | null;
  /** Passed and total seconds of this run; null if only the number of steps ends it. */
  time: { passed: number; total: number } | null;
  /** Mean bits/dim of the step's batch; null if the conditioning is trained alone, without a likelihood. */
  bitsPerDim: number | null;
  /** Bits/dim of the latest validation of this run; null before the first. */
  validation: number | null;
  /** Learning rate of the step. */
  learningRate: number;
  /** Training speed, in examples per second. */
  examplesPerSecond: number;
}

/** Result of a training. */
export interface TrainingResult {
  /** Number of updates done, over all runs. */
  step: number;
  /** Validation with the lowest bits/dim, whose weights are the saved model; null without a validation. */
  best: Validation | null;
  /** Latest validation of this run; null if there was none. */
  last: Validation | null;
  /** Mean bits/dim of the batch of this run's last step; null if the step had no likelihood, or the run no step. */
  bitsPerDim: number | null;
  /** Median duration of a step of this run, in seconds; NaN if the run made no step. */
  secondsPerStep: number;
  /** Configuration of the training, with the number of steps fixed from the minutes. */
  configuration: RunConfiguration;
  /** True if the minutes were over before the last step. */
  isOutOfTime: boolean;
}

/** Callbacks and options for `train`. */
export interface TrainingHooks {
  /** Called after each step. */
  onStep?: (progress: TrainingProgress) => void;
  /** Called with each entry of the log after the entry is written. */
  onEntry?: (entry: LogEntry) => void;
  /**
   * Called after each validation and its saves, with the duration of the last step; counted as validation time. If the
   * hook rejects, the training ends with the error.
   */
  onValidated?: (checkpoint: Checkpoint, secondsPerStep: number) => Promise<void>;
  /**
   * Signal of the main process that stops all ranks: the training is saved, and `train` rejects with the signal's
   * reason.
   */
  signal?: AbortSignal;
  /** Processes that train together, each on its shards of every batch. Default: this process alone. */
  processGroup?: ProcessGroup;
}

/**
 * Trains from a checkpoint to the last step, and saves the state at intervals. Training stops earlier after as many
 * validations without a new best as `patience` says. Training also stops, after a validation, if its minutes are over;
 * it can then be resumed. A step depends only on the configuration and its index, so a resumed training ends with the
 * same weights. Disposes the tensors of `start`, even on errors.
 * @throws PxvError `DIVERGED` if the likelihood or a gradient is not finite: the files then hold the last saved state;
 *   `OUTPUT` if a file cannot be written; `USAGE` if the backend lacks the precision; after saving, the signal's reason
 *   if aborted, or `INTERRUPTED` on a rank that the main process stops
 */
export async function train(
  chain: Chain,
  start: Checkpoint,
  data: TrainingData,
  run: TrainingOutput,
  hooks: TrainingHooks = {},
): Promise<TrainingResult> {
  return new TrainingLoop(chain, start, data, run, hooks).train();
}

/** Loop over the steps of a training: its latest checkpoint, and what decides when to validate and when to end. */
class TrainingLoop {
  private readonly clock: StepTimer;
  private readonly stages: StageSchedule;
  private readonly saver: CheckpointSaver;
  private readonly processGroup: ProcessGroup;
  /** Number of validations in a row without a new best. */
  private withoutBest: number;
  /** True once the minutes of the training are over. */
  private isTimeOver = false;
  /** Latest validation of this run; null before the first. */
  private validation: Validation | null = null;
  /** Mean bits/dim of the batch of the last step; null if it had no likelihood, or before the first. */
  private bitsPerDim: number | null = null;

  constructor(
    private readonly chain: Chain,
    private checkpoint: Checkpoint,
    private readonly data: TrainingData,
    private readonly run: TrainingOutput,
    private readonly hooks: TrainingHooks,
  ) {
    const { configuration, step } = checkpoint;
    this.clock = new StepTimer(checkpoint);
    this.stages = new StageSchedule(configuration.training.stages, configuration.training, step);
    this.saver = new CheckpointSaver(chain, run);
    this.processGroup = hooks.processGroup ?? singleProcess;
    this.withoutBest = validationsSinceBest(checkpoint);
  }

  /** Trains to the end, and returns the result. Disposes the tensors of the checkpoint. */
  async train(): Promise<TrainingResult> {
    try {
      await this.validateStartingModel();
      while (!this.isFinished) {
        await this.throwIfStopped();
        await this.step();
        await yieldToEventLoop();
      }
      if (this.isPatienceOver || this.isTimeOver) this.saver.atStop(this.checkpoint);
      return this.result();
    } finally {
      tf.dispose(this.checkpoint.state);
    }
  }

  private get training(): TrainingConfiguration {
    return this.checkpoint.configuration.training;
  }

  private get isPatienceOver(): boolean {
    return this.withoutBest >= (this.training.patience ?? Infinity);
  }

  /** True after the last step, or if time or patience is over before. */
  private get isFinished(): boolean {
    return this.checkpoint.step >= (this.training.steps ?? Infinity) || this.isPatienceOver || this.isTimeOver;
  }

  /** Validates the model that a new training starts from: it stays the best if the training finds no better. */
  private async validateStartingModel(): Promise<void> {
    const { step, best } = this.checkpoint;
    if (step > 0 || best !== null || this.training.from === null) return;
    const validation = await this.score();
    if (validation === null) return;
    this.checkpoint = { ...this.checkpoint, best: validation };
    this.saver.afterStep(this.checkpoint, true);
    this.log({ step, ...this.validationEntry(validation) });
    this.clock.endValidation();
  }

  /** Saves the training and throws if the main process is to stop it. */
  private async throwIfStopped(): Promise<void> {
    const { signal } = this.hooks;
    if (!(await this.processGroup.broadcast(signal?.aborted ?? false))) return;
    this.saver.atStop(this.checkpoint);
    throw signal?.aborted ? signal.reason : stoppedByMainProcess();
  }

  /** Makes the next step of the training, and the validation that may follow it; logs, saves and reports both. */
  private async step(): Promise<void> {
    const position = this.stages.at(this.training, this.checkpoint.step);
    const learned = await this.learn(position);
    await this.checkTime();
    if (this.isTimeOver || validatesAfter(this.checkpoint.step, this.training, position.stage)) {
      await this.validate(learned);
    } else {
      this.log(this.stepEntry(learned));
      this.saver.afterStep(this.checkpoint, false);
    }
    this.report(position.stage, learned);
  }

  /** Updates the weights by one step. */
  private async learn(position: StagePosition): Promise<Learned> {
    const { chain, data, processGroup } = this;
    if (position.done === 0) this.checkpoint = { ...this.checkpoint, state: withNewOptimiser(this.checkpoint.state) };
    const { state, ...learned } = await this.clock.step(() =>
      trainStep(chain, this.checkpoint, position, data, processGroup),
    );
    const step = this.checkpoint.step + 1;
    assertFiniteStep(chain, this.run, step, learned);
    this.checkpoint = { ...this.checkpoint, state, step, arithmetic: currentArithmetic() };
    return learned;
  }

  /**
   * Notes if the minutes are over, and fixes the number of steps once enough steps were measured or the minutes are
   * over. The main process decides by its clock.
   */
  private async checkTime(): Promise<void> {
    const { clock, processGroup } = this;
    if (clock.time === null) return;
    this.isTimeOver = await processGroup.broadcast(clock.isOver);
    if (this.training.steps !== null) return;
    if (!(await processGroup.broadcast(this.isTimeOver || clock.isMeasured))) return;
    const fixed = await clock.fixSteps(this.checkpoint, async () => this.isTimeOver || this.score());
    this.checkpoint = { ...fixed, configuration: await processGroup.broadcast(fixed.configuration) };
    this.run.writeConfiguration(this.checkpoint.configuration);
  }

  /** Validates the weights after a step, which are the best if nothing is held out. */
  private async validate(learned: Learned): Promise<void> {
    const started = performance.now();
    const { best } = this.checkpoint;
    const validation = await this.score();
    const isBest = validation === null || best === null || validation.bitsPerDim < best.bitsPerDim;
    if (validation !== null) {
      this.withoutBest = isBest ? 0 : this.withoutBest + 1;
      this.validation = validation;
      if (isBest) this.checkpoint = { ...this.checkpoint, best: validation };
    }
    const validationSeconds = (performance.now() - started) / 1000;
    const ofValidation = validation && { ...this.validationEntry(validation), validationSeconds };
    this.log({ ...this.stepEntry(learned), ...ofValidation });
    this.saver.afterStep(this.checkpoint, isBest);
    await this.hooks.onValidated?.(this.checkpoint, this.clock.lastStep);
    this.clock.endValidation();
  }

  /** Returns the score of the present weights on the held-out data; null if nothing is held out. */
  private async score(): Promise<Validation | null> {
    const { state, step } = this.checkpoint;
    if (this.data.validate === null) return null;
    const bitsPerDim = await this.data.validate(state.weights, this.processGroup);
    assertFiniteValidation(this.run, step, bitsPerDim);
    return { step, bitsPerDim };
  }

  private report(stage: Stage, { bitsPerDim, learningRate }: Learned): void {
    const { clock, training } = this;
    this.bitsPerDim = bitsPerDim;
    this.hooks.onStep?.({
      step: this.checkpoint.step,
      steps: training.steps,
      time: clock.time,
      bitsPerDim,
      validation: this.validation?.bitsPerDim ?? null,
      learningRate,
      examplesPerSecond: (stage.batch ?? training.batch) / clock.lastStep,
    });
  }

  private log(entry: LogEntry): void {
    this.run.appendLog(entry);
    this.hooks.onEntry?.(entry);
  }

  private stepEntry({ nats, bitsPerDim, gradientNorm, learningRate }: Learned): LogEntry {
    const cost = bitsPerDim === null ? { anchorLoss: nats } : { bitsPerDim };
    return { step: this.checkpoint.step, ...cost, gradientNorm, learningRate, seconds: this.clock.lastStep };
  }

  /** Returns the metrics of a validation for the log, with the baseline beside them. */
  private validationEntry({ bitsPerDim }: Validation): Omit<LogEntry, 'step'> {
    const { previousFrame } = this.data;
    return { validation: bitsPerDim, ...(previousFrame != null && { previousFrame }) };
  }

  private result(): TrainingResult {
    const { step, best, configuration } = this.checkpoint;
    return {
      step,
      best,
      last: this.validation,
      bitsPerDim: this.bitsPerDim,
      secondsPerStep: this.clock.medianStep,
      configuration,
      isOutOfTime: this.isTimeOver && step !== this.training.steps,
    };
  }
}

/**
 * Returns true if a validation follows the step. A stage that trains the conditioning alone is validated only at the
 * end of the training: no decoder has learned to read the conditioning yet.
 */
function validatesAfter(step: number, training: TrainingConfiguration, { trains }: Stage): boolean {
  return (trains !== 'conditioning' || step === training.steps) && isValidationStep(training, step);
}

/**
 * Returns the number of validations since the best, as a training without a stop would count them. Validations before a
 * new number of steps was requested do not count: else patience would end a lengthened training at once.
 */
function validationsSinceBest({ best, step, configuration: { training } }: Checkpoint): number {
  if (best === null) return 0;
  const from = Math.max(best.step, training.pace.at(-1)?.step ?? 0);
  const stages = new StageSchedule(training.stages, training, from);
  const later = Array.from({ length: step - from }, (_, at) => from + at);
  return later.filter((before) => validatesAfter(before + 1, training, stages.at(training, before).stage)).length;
}

function stoppedByMainProcess(): PxvError {
  const stopped = errorFactory('INTERRUPTED', 'train');
  return stopped('this rank', 'to come to the last step', 'a stop by the first rank', 'go on with --resume');
}
