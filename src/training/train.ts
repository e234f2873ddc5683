import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { currentArithmetic } from '../backend/current-backend.js';
import { hasNonFinite } from '../optimization/update.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { singleProcess, type ProcessGroup } from '../distributed/process-group.js';
import type { Chain } from '../model/chain.js';
import { withNewOptimiser, type Checkpoint } from './checkpoint.js';
import { StepTimer } from './step-timer.js';
import type { RunConfiguration, TrainingConfiguration } from './configuration.js';
import { trainStep, type TrainStepResult } from './train-step.js';
import { isValidationStep } from './pace.js';
import type { StepData } from './shards.js';
import { StageSchedule, type Stage } from './stages.js';
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
  { onStep, onEntry, onValidated, signal, processGroup = singleProcess }: TrainingHooks = {},
): Promise<TrainingResult> {
  const { stages: asked, batch } = start.configuration.training;
  const saves = new CheckpointSaver(chain, run);
  /** Validates a checkpoint. Returns null if nothing is held out. */
  const score = async ({ state, step }: Checkpoint): Promise<Validation | null> => {
    if (data.validate === null) return null;
    const validation = await data.validate(state.weights, processGroup);
    if (!Number.isFinite(validation)) throw diverged(run, step, `${validation} bits/dim in the validation`);
    return { step, bitsPerDim: validation };
  };
  const log = (entry: LogEntry) => {
    run.appendLog(entry);
    onEntry?.(entry);
  };
  const clock = new StepTimer(start);
  const stages = new StageSchedule(asked, start.configuration.training, start.step);
  const patience = start.configuration.training.patience ?? Infinity;
  let checkpoint = start;
  let last: Validation | null = null;
  let bitsPerDim: number | null = null;
  let isOver = false;

  try {
    // The model that a training starts from stays the best if the training finds no better.
    const isUntried = start.step === 0 && start.best === null && start.configuration.training.from !== null;
    const first = isUntried ? await score(start) : null;
    if (first !== null) {
      checkpoint = { ...start, best: first };
      saves.afterStep(checkpoint, true);
      log({ step: first.step, ...validationEntry(first, data) });
      clock.endValidation();
    }
    let noBetter = validationsSinceBest(checkpoint);
    while (checkpoint.step < (checkpoint.configuration.training.steps ?? Infinity) && noBetter < patience && !isOver) {
      if (await processGroup.broadcast(signal?.aborted ?? false)) {
        saves.atStop(checkpoint);
        throw signal?.aborted ? signal.reason : stoppedByFirst();
      }
      const position = stages.at(checkpoint.configuration.training, checkpoint.step);
      if (position.done === 0) checkpoint = { ...checkpoint, state: withNewOptimiser(checkpoint.state) };
      const { state, ...learned } = await clock.step(() => trainStep(chain, checkpoint, position, data, processGroup));
      assertFinite(chain, run, checkpoint.step + 1, learned);
      checkpoint = { ...checkpoint, state, step: checkpoint.step + 1, arithmetic: currentArithmetic() };
      if (clock.time !== null) isOver = await processGroup.broadcast(clock.isOver);
      const isOpen = clock.time !== null && checkpoint.configuration.training.steps === null;
      // The main process fixes the number of steps by its clock, once enough was measured or the time is over.
      if (isOpen && (await processGroup.broadcast(isOver || clock.isMeasured))) {
        const fixed = await clock.fixSteps(checkpoint, async () => isOver || score(checkpoint));
        checkpoint = { ...fixed, configuration: await processGroup.broadcast(fixed.configuration) };
        run.writeConfiguration(checkpoint.configuration);
      }

      const isValidated = isOver || validatesAfter(checkpoint.step, checkpoint.configuration.training, position.stage);
      const validating = performance.now();
      const validation = isValidated ? await score(checkpoint) : null;
      const { best } = checkpoint;
      const isBest = isValidated && (validation === null || best === null || validation.bitsPerDim < best.bitsPerDim);
      if (isBest) checkpoint = { ...checkpoint, best: validation ?? best };
      if (validation !== null) noBetter = isBest ? 0 : noBetter + 1;
      const entry = logEntry(checkpoint, learned, clock.lastStep);
      const validationSeconds = (performance.now() - validating) / 1000;
      log({ ...entry, ...(validation && { ...validationEntry(validation, data), validationSeconds }) });
      saves.afterStep(checkpoint, isBest);
      if (isValidated) {
        await onValidated?.(checkpoint, clock.lastStep);
        clock.endValidation();
      }
      bitsPerDim = learned.bitsPerDim;
      last = validation ?? last;
      onStep?.({
        step: checkpoint.step,
        steps: checkpoint.configuration.training.steps,
        time: clock.time,
        bitsPerDim,
        validation: last?.bitsPerDim ?? null,
        learningRate: learned.learningRate,
        examplesPerSecond: (position.stage.batch ?? batch) / clock.lastStep,
      });
      await yieldToEventLoop();
    }
    if (noBetter >= patience || isOver) saves.atStop(checkpoint);
    const { step, best, configuration } = checkpoint;
    const isOutOfTime = isOver && step !== configuration.training.steps;
    return { step, best, last, bitsPerDim, secondsPerStep: clock.medianStep, configuration, isOutOfTime };
  } finally {
    tf.dispose(checkpoint.state);
  }
}

/** Minimum time between saved states, in seconds. */
const SECONDS_BETWEEN = 60;

/** Saver of a training's checkpoints: the state at intervals, and the model of each new best. */
export class CheckpointSaver {
  private last = performance.now();

  constructor(
    private readonly chain: Chain,
    private readonly run: TrainingOutput,
  ) {}

  /**
   * Saves the state after a new best, after the last step, or if the last save was over 60 s ago. Saves the model after
   * a new best.
   * @param isBest true if the weights are the best so far
   * @throws PxvError `DIVERGED` if a number of the state is not finite: the files then hold the state before; `OUTPUT`
   *   if a file cannot be written
   */
  afterStep(checkpoint: Checkpoint, isBest: boolean): void {
    const isLast = checkpoint.step === checkpoint.configuration.training.steps;
    if (isBest || isLast || performance.now() - this.last > 1000 * SECONDS_BETWEEN) {
      this.save(checkpoint);
    }
    // The model is saved after the state, which records it; see `finishSave`.
    if (isBest) this.run.saveModel(this.chain, checkpoint);
  }

  /**
   * Saves the state of a training that stops, and its model if no model was saved.
   * @throws PxvError as `afterStep`
   */
  atStop(checkpoint: Checkpoint): void {
    this.save(checkpoint);
    if (checkpoint.best === null) this.run.saveModel(this.chain, checkpoint);
  }

  private save(checkpoint: Checkpoint): void {
    assertFiniteState(this.chain, this.run, checkpoint);
    this.run.saveTraining(this.chain, checkpoint);
    this.last = performance.now();
  }
}

/**
 * Returns true if a validation follows the step. A stage that trains the conditioning alone is validated only at the
 * end of the training: no decoder has learned to read the conditioning yet.
 */
function validatesAfter(step: number, training: TrainingConfiguration, { trains }: Stage): boolean {
  return (trains !== 'conditioning' || step === training.steps) && isValidationStep(training, step);
}

function stoppedByFirst(): PxvError {
  const stopped = errorFactory('INTERRUPTED', 'train');
  return stopped('this rank', 'to come to the last step', 'a stop by the first rank', 'go on with --resume');
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

/** Result of a step without the new state. */
type Learned = Omit<TrainStepResult, 'state'>;

/** @throws PxvError `DIVERGED` if the likelihood or a gradient of a step is not finite */
function assertFinite({ parameters }: Chain, run: TrainingOutput, step: number, learned: Learned): void {
  const { nats, gradientNorm, firstNonFinite } = learned;
  if (Number.isFinite(nats) && Number.isFinite(gradientNorm)) return;
  const first = firstNonFinite === null ? '' : ` (first in the gradient of ${parameters[firstNonFinite].name})`;
  throw diverged(run, step, `${nats} nats and a gradient norm of ${gradientNorm}${first}`);
}

/** @throws PxvError `DIVERGED` if a weight or a number of the optimiser is not finite */
function assertFiniteState({ parameters }: Chain, run: TrainingOutput, { state, step }: Checkpoint): void {
  for (const tensors of [state.weights, ...state.optimiser]) {
    const at = tensors.findIndex(hasNonFinite);
    if (at >= 0) throw diverged(run, step, `numbers of ${parameters[at].name} that are not finite`, FINITE_STATE);
  }
}

const FINITE_STATE = 'finite weights and a finite state of the optimiser';

function diverged(
  run: TrainingOutput,
  step: number,
  received: string,
  expected = 'a finite likelihood and finite gradients',
): PxvError {
  const saved = run.savedIn === null ? '' : `; the last saved state stays in ${run.savedIn}`;
  const remedy = `lower the learning rate${saved}`;
  return errorFactory('DIVERGED', 'train')(`step ${step}`, expected, received, remedy);
}

function logEntry({ step }: Checkpoint, learned: Learned, seconds: number): LogEntry {
  const { nats, bitsPerDim, gradientNorm, learningRate } = learned;
  const cost = bitsPerDim === null ? { anchorLoss: nats } : { bitsPerDim };
  return { step, ...cost, gradientNorm, learningRate, seconds };
}

/** Returns the metrics of a validation for the log, with the baseline beside them. */
function validationEntry({ bitsPerDim }: Validation, { previousFrame }: TrainingData): Omit<LogEntry, 'step'> {
  return { validation: bitsPerDim, ...(previousFrame != null && { previousFrame }) };
}
