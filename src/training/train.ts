import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { currentArithmetic } from '../backend/current-backend.js';
import { initialiseParameters } from '../backend/parameters.js';
import { optimisers } from '../optimization/optimisers.js';
import type { TrainingState } from '../optimization/update.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { singleProcess, type ProcessGroup } from '../distributed/process-group.js';
import { buildChain, type Chain } from '../model/chain.js';
import { loadModel } from '../model/checkpoint.js';
import { toTensors } from '../model/model.js';
import { StepTimer } from './step-timer.js';
import type { RunConfiguration } from './configuration.js';
import { noDataHashes } from './data-files.js';
import { trainStep, type TrainStepResult } from './train-step.js';
import { isValidationStep } from './pace.js';
import type { Checkpoint, LogEntry, RunFolder } from './run-folder.js';
import type { StepData } from './shards.js';
import { StageSchedule, type Stage } from './stages.js';
import type { Validation } from './validation.js';

/** What a training learns from and is validated on. */
export interface TrainingData extends StepData {
  /** Bits/dim of what is held out; null where nothing is: then the latest weights count as the best. */
  validate: ((weights: readonly Tensor[], processGroup?: ProcessGroup) => Promise<number>) | null;
  /** What the previous frame as a guess costs there, in bits/dim, for the log; null where there is none. Default: not known. */
  previousFrame?: number | null;
}

/** How a training stands after a step. */
export interface TrainingProgress {
  step: number;
  /** Null while the time given has not been turned into steps. */
  steps: number | null;
  /** Seconds of the time given, over all runs; null where the number of steps was given. */
  time: { passed: number; given: number } | null;
  /** Of this step's batch; null where the conditioning learns alone, from no likelihood. */
  bitsPerDim: number | null;
  /** Of the latest validation; null before the first. */
  validation: number | null;
  learningRate: number;
  examplesPerSecond: number;
}

/** How a training has ended. */
export interface TrainingResult {
  /** Updates done so far, over all runs. */
  step: number;
  /** The lowest validation, whose weights are the model; null without a validation. */
  best: Validation | null;
  /** The latest validation of this run; null where there was none. */
  last: Validation | null;
  /** Of the last step's batch; null where there was no likelihood. */
  bitsPerDim: number | null;
  /** Median time of a step of this run. */
  secondsPerStep: number;
  /** With the number of steps that minutes have become. */
  configuration: RunConfiguration;
}

export interface TrainingHooks {
  onStep?: (progress: TrainingProgress) => void;
  /** Called with what the log has of a step, once it is written. */
  onEntry?: (entry: LogEntry) => void;
  /** Called after each validation, once its weights are saved where they are; the time belongs to the validation. */
  onValidated?: (checkpoint: Checkpoint, secondsPerStep: number) => Promise<void>;
  /** Of the first rank, which stops them all. */
  signal?: AbortSignal;
  /** Those that train together, each on its shards of every batch. Default: this process alone. */
  processGroup?: ProcessGroup;
}

/** A new training's first state. @throws PxvError `CHECKPOINT` where the model to start from has other networks */
export function startTraining(configuration: RunConfiguration): { checkpoint: Checkpoint; chain: Chain } {
  const chain = buildChain(configuration.model);
  const { parameters } = chain;
  const { seed, from, optimiser: name, pace } = configuration.training;
  // A schedule that is given, as another training's minutes became, is followed, whatever the time.
  const training = pace.length === 0 ? configuration.training : { ...configuration.training, minutes: null };
  const first = from === null ? initialiseParameters(parameters, BigInt(seed)) : loadStartingWeights(from, chain);
  const weights = toTensors(first, parameters);
  const optimiser = optimisers[name].stateNames.map(() => zerosLike(weights));
  const state = { weights, optimiser };
  const none = { step: 0, best: null, dataHashes: noDataHashes, arithmetic: null };
  return { chain, checkpoint: { configuration: { ...configuration, training }, state, ...none } };
}

/**
 * The weights of a model to start from: a shipped one's name, a checkpoint or a run folder.
 * @throws PxvError `CHECKPOINT` where there is none, or its networks have other arrays, by name and shape
 */
export function loadStartingWeights(from: string, chain: Chain): Float32Array[] {
  const model = loadModel(from);
  const [needed, held] = [chain, model.chain].map(({ parameters }) =>
    parameters.map(({ name, shape }) => `${name} ${shape.join('x')}`),
  );
  const missing = needed.find((array) => !held.includes(array));
  const other = held.find((array) => !needed.includes(array));
  if (missing === undefined && other === undefined) return needed.map((array) => model.weights[held.indexOf(array)]);
  const expected = `a model of the networks that are trained, with ${missing ?? 'no more arrays'}`;
  const received = other === undefined ? 'one without it' : `one with ${other}`;
  const remedy = 'train the networks of that model, which --from brings where --config names none, or leave out --from';
  throw errorFactory('CHECKPOINT', 'start training')(from, expected, received, remedy);
}

/**
 * Trains from a checkpoint to the last step, saving as it goes. What a step does depends on the configuration and its
 * number alone: stopped and resumed it ends with the same weights. The checkpoint's tensors are disposed of, however it
 * ends.
 * @throws the signal's reason after saving, where it is aborted; PxvError `DIVERGED` where the likelihood or a gradient
 *   is not finite: the files then hold the last state that was saved
 */
export async function train(
  chain: Chain,
  start: Checkpoint,
  data: TrainingData,
  run: RunFolder,
  { onStep, onEntry, onValidated, signal, processGroup = singleProcess }: TrainingHooks = {},
): Promise<TrainingResult> {
  const { stages: asked, batch } = start.configuration.training;
  const saves = new CheckpointSaver(chain, run);
  const score = (of: Checkpoint) => validated(of, data, run, processGroup);
  const log = (entry: LogEntry) => {
    run.appendLog(entry);
    onEntry?.(entry);
  };
  let checkpoint = await withFirstValidation(start, data, score, saves, log);
  const stages = new StageSchedule(asked, start.configuration.training, start.step);
  const clock = new StepTimer(start);
  let last: Validation | null = null;
  let bitsPerDim: number | null = null;
  let noBetter = validationsSinceBest(checkpoint);
  const patience = start.configuration.training.patience ?? Infinity;

  try {
    while (checkpoint.step < (checkpoint.configuration.training.steps ?? Infinity) && noBetter < patience) {
      if (await processGroup.broadcast(signal?.aborted ?? false)) {
        saves.atStop(checkpoint);
        throw signal?.aborted ? signal.reason : stoppedByFirst();
      }
      const position = stages.at(checkpoint.configuration.training, checkpoint.step);
      if (position.done === 0) checkpoint = { ...checkpoint, state: withNewOptimiser(checkpoint.state) };
      const { state, ...learned } = await clock.step(() => trainStep(chain, checkpoint, position, data, processGroup));
      expectFinite(run, checkpoint.step + 1, learned);
      const next = { ...checkpoint, state, step: checkpoint.step + 1, arithmetic: currentArithmetic() };
      const scheduled = clock.reschedule(next);
      if (scheduled !== next) run.writeConfiguration(scheduled.configuration);
      checkpoint = await byFirstClock(scheduled, processGroup);

      const isValidated = validatesAfter(checkpoint, position.stage);
      const validation = isValidated ? await score(checkpoint) : null;
      const { best } = checkpoint;
      const isBest = isValidated && (validation === null || best === null || validation.bitsPerDim < best.bitsPerDim);
      if (isBest) checkpoint = { ...checkpoint, best: validation ?? best };
      if (validation !== null) noBetter = isBest ? 0 : noBetter + 1;
      const entry = logEntry(checkpoint, learned, clock.lastStep);
      log({ ...entry, ...(validation && validationEntry(validation, data)) });
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
        examplesPerSecond: batch / clock.lastStep,
      });
      await yieldToEventLoop();
    }
    if (noBetter >= patience) saves.atStop(checkpoint);
    const { step, best, configuration } = checkpoint;
    return { step, best, last, bitsPerDim, secondsPerStep: clock.medianStep, configuration };
  } finally {
    tf.dispose(checkpoint.state);
  }
}

/** A training that begins with another model: should it learn nothing that is better, that model it stays. */
async function withFirstValidation(
  start: Checkpoint,
  data: TrainingData,
  score: (of: Checkpoint) => Promise<Validation | null>,
  saves: CheckpointSaver,
  log: (entry: LogEntry) => void,
) {
  if (start.step > 0 || start.best !== null || start.configuration.training.from === null) return start;
  const best = await score(start);
  if (best === null) return start;
  const checkpoint = { ...start, best };
  saves.afterStep(checkpoint, true);
  log({ step: best.step, ...validationEntry(best, data) });
  return checkpoint;
}

/** Seconds between saved states. */
const SECONDS_BETWEEN = 60;

/** Saves a training as it goes: its state now and then, and the model of each new best. */
export class CheckpointSaver {
  private last = performance.now();

  constructor(
    private readonly chain: Chain,
    private readonly run: RunFolder,
  ) {}

  /** Saves after a step what is to be saved. @param isBest whether the checkpoint's weights are the best so far */
  afterStep(checkpoint: Checkpoint, isBest: boolean): void {
    const isLast = checkpoint.step === checkpoint.configuration.training.steps;
    if (isBest || isLast || performance.now() - this.last > 1000 * SECONDS_BETWEEN) {
      this.run.saveTraining(this.chain, checkpoint);
      this.last = performance.now();
    }
    // After the state, which then knows of it; see `finishSave`.
    if (isBest) this.run.saveModel(this.chain, checkpoint);
  }

  /** Saves a training that is stopped: what it goes on from, and a model to predict with. */
  atStop(checkpoint: Checkpoint): void {
    this.run.saveTraining(this.chain, checkpoint);
    if (checkpoint.best === null) this.run.saveModel(this.chain, checkpoint);
  }
}

/** A state whose optimiser begins again, as each stage's does; what it was is disposed of. */
function withNewOptimiser({ weights, optimiser }: TrainingState): TrainingState {
  tf.dispose(optimiser);
  return { weights, optimiser: optimiser.map(() => zerosLike(weights)) };
}

function zerosLike(weights: readonly Tensor[]): Tensor[] {
  return weights.map((weight) => tf.keep(tf.zerosLike(weight)));
}

/** Bits tell nothing of a conditioning that nothing has learned to read yet; but a training ends with a model. */
function validatesAfter({ step, configuration: { training } }: Checkpoint, { trains }: Stage): boolean {
  return (trains !== 'conditioning' || step === training.steps) && isValidationStep(training, step);
}

/** A training's length, where it depends on the time, as the first rank has measured it. */
async function byFirstClock(checkpoint: Checkpoint, processGroup: ProcessGroup): Promise<Checkpoint> {
  const { configuration } = checkpoint;
  const { training } = configuration;
  if (processGroup.size === 1 || training.minutes === null) return checkpoint;
  const { steps, pace } = await processGroup.broadcast({ steps: training.steps, pace: training.pace });
  return { ...checkpoint, configuration: { ...configuration, training: { ...training, steps, pace } } };
}

function stoppedByFirst(): PxvError {
  const stopped = errorFactory('INTERRUPTED', 'train');
  return stopped('this rank', 'to come to the last step', 'a stop by the first rank', 'go on with --resume');
}

/** Of a training that is resumed, as it would count them had it not stopped. */
function validationsSinceBest({ best, step, configuration: { training } }: Checkpoint): number {
  if (best === null) return 0;
  const later = Array.from({ length: step - best.step }, (_, at) => best.step + at + 1);
  return later.filter((one) => isValidationStep(training, one)).length;
}

/** Null where nothing is held out. */
async function validated(
  { state, step }: Checkpoint,
  data: TrainingData,
  run: RunFolder,
  processGroup: ProcessGroup,
): Promise<Validation | null> {
  if (data.validate === null) return null;
  const bitsPerDim = await data.validate(state.weights, processGroup);
  if (!Number.isFinite(bitsPerDim)) throw diverged(run, step, `${bitsPerDim} bits/dim in the validation`);
  return { step, bitsPerDim };
}

/** @throws PxvError `DIVERGED` if the likelihood or a gradient of a step is not finite */
function expectFinite(run: RunFolder, step: number, { nats, gradientNorm }: Omit<TrainStepResult, 'state'>): void {
  if (Number.isFinite(nats) && Number.isFinite(gradientNorm)) return;
  throw diverged(run, step, `${nats} nats and a gradient norm of ${gradientNorm}`);
}

function diverged(run: RunFolder, step: number, received: string): PxvError {
  const remedy = run.hasTraining
    ? `lower the learning rate; the last saved state stays in ${run.path}`
    : 'lower the learning rate';
  return errorFactory('DIVERGED', 'train')(
    `step ${step}`,
    'a finite likelihood and finite gradients',
    received,
    remedy,
  );
}

function logEntry(
  { step }: Checkpoint,
  { nats, bitsPerDim, gradientNorm, learningRate }: Omit<TrainStepResult, 'state'>,
  seconds: number,
): LogEntry {
  return {
    step,
    ...(bitsPerDim === null ? { anchorLoss: nats } : { bitsPerDim }),
    gradientNorm,
    learningRate,
    seconds,
  };
}

/** What the log has of a validation: what it is to be seen against stands beside it. */
function validationEntry({ bitsPerDim }: Validation, { previousFrame }: TrainingData): Omit<LogEntry, 'step'> {
  return { validation: bitsPerDim, ...(previousFrame != null && { previousFrame }) };
}
