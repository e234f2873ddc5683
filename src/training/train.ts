import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { PxvError } from '../foundation/errors.js';
import { arithmeticInUse } from '../backend/choose-backend.js';
import { initialiseParameters } from '../backend/parameters.js';
import { withPrecision } from '../backend/precision.js';
import { globalNorm } from '../backend/updates.js';
import { BITS_PER_NAT } from '../evaluation/scoring.js';
import { disposeRollOut, type RollOut } from '../fitting/anchor-loss.js';
import { gradientsOf } from '../fitting/gradients.js';
import { optimisers } from '../fitting/optimisers.js';
import { updated, type TrainingState } from '../fitting/update.js';
import { disposeExamples, type Examples } from '../model/examples.js';
import { buildChain, type Chain } from '../model/chain.js';
import { toTensors } from '../model/weights.js';
import type { RunConfiguration } from './configuration.js';
import { noDataHashes } from './data-list.js';
import { learningRate } from './learning-rate.js';
import { Pace, progressAt, validationsAt, type PaceMark } from './pace.js';
import type { Checkpoint, LogEntry, RunFolder } from './run-folder.js';
import { Stages, type Stage } from './stages.js';
import { startingWeights } from './starting-weights.js';
import type { Validation } from './validation.js';

/** What a training learns from and is validated on. */
export interface TrainingData {
  /** Examples of a step, 0 for the first: a function of the seed, the step and its stage alone. */
  batch: (step: number, stage: Stage) => Examples;
  /** The same for roll-outs, of which the learned anchor learns; null where there are none. */
  rollOut: (step: number, stage: Stage) => RollOut | null;
  /** Bits/dim of what is held out; null where nothing is: then the latest weights count as the best. */
  validate: ((weights: readonly Tensor[]) => Promise<number>) | null;
}

/** How a training stands after a step. */
export interface TrainingProgress {
  step: number;
  /** Null while the time given has not been turned into steps. */
  steps: number | null;
  /** Seconds of the time given, over all sittings; null where the number of steps was given. */
  time: { passed: number; given: number } | null;
  /** Of this step's batch; null where the conditioning learns alone, from no likelihood. */
  bitsPerDim: number | null;
  /** Of the latest validation; null before the first. */
  validation: number | null;
  learningRate: number;
  examplesPerSecond: number;
}

export interface TrainingResult {
  step: number;
  /** The lowest validation, whose weights are the model; null without a validation. */
  best: Validation | null;
  /** The latest validation of this sitting; null where there was none. */
  last: Validation | null;
  /** Of the last step's batch; null where there was no likelihood. */
  bitsPerDim: number | null;
  /** Median time of a step of this sitting. */
  secondsPerStep: number;
  /** With the number of steps that minutes have become. */
  configuration: RunConfiguration;
}

export interface TrainingHooks {
  onStep?: (progress: TrainingProgress) => void;
  signal?: AbortSignal;
}

/** Seconds between saved states. */
const SECONDS_BETWEEN_SAVES = 60;

/**
 * A new training's first state.
 *
 * @throws PxvError `CHECKPOINT` where the model to start from has other networks
 */
export function startTraining(configuration: RunConfiguration): { checkpoint: Checkpoint; chain: Chain } {
  const chain = buildChain(configuration.model);
  const { parameters } = chain;
  const { seed, from, optimiser: name } = configuration.training;
  const first = from === null ? initialiseParameters(parameters, BigInt(seed)) : startingWeights(from, chain);
  const weights = toTensors(first, parameters);
  const optimiser = optimisers[name].stateNames.map(() => zerosLike(weights));
  return {
    chain,
    checkpoint: {
      configuration: asRecorded(configuration),
      state: { weights, optimiser },
      step: 0,
      best: null,
      dataHashes: noDataHashes,
      arithmetic: null,
    },
  };
}

/**
 * Trains from a checkpoint to the last step, saving as it goes. What a step does depends on the configuration and its
 * number alone, so that a training that was stopped and resumed ends with the same weights. The checkpoint's tensors are
 * disposed of, however it ends.
 *
 * @throws the signal's reason after saving, where it is aborted; PxvError `DIVERGED` where the likelihood or a gradient is
 *   not finite: the files then hold the last state that was saved
 */
export async function train(
  chain: Chain,
  start: Checkpoint,
  data: TrainingData,
  run: RunFolder,
  { onStep, signal }: TrainingHooks = {},
): Promise<TrainingResult> {
  let checkpoint = start;
  const { training } = start.configuration;
  const optimiser = optimisers[training.optimiser];
  const arithmetic = arithmeticInUse();
  const times: number[] = [];
  let validation: Validation | null = null;
  let bitsPerDim: number | null = null;
  let lastSave = performance.now();
  const started = performance.now();
  const pace = paceOf(start);
  const stages = new Stages(training.stages, training, start.step);
  let stepEnded = started;

  try {
    for (;;) {
      const { step, configuration } = checkpoint;
      const { steps } = configuration.training;
      if (steps !== null && step >= steps) break;
      if (signal?.aborted) {
        await run.saveTraining(chain, checkpoint);
        if (checkpoint.best === null) await run.saveModel(chain, checkpoint);
        signal.throwIfAborted();
      }
      const before = performance.now();
      const { stage, done, progress } = stages.at(configuration.training, step);
      const hasLikelihood = stage.trains !== 'conditioning';
      // A stage trains weights of which another has none yet, or old ones.
      if (done === 0 && step > 0) checkpoint = { ...checkpoint, state: withNewOptimiser(checkpoint.state) };
      const rate = learningRate(stage, done, progress);
      const examples = data.batch(step, stage);
      const { weights } = checkpoint.state;
      const rollOut = data.rollOut(step, stage);
      const gradients = withPrecision(training.precision, () =>
        gradientsOf(chain, weights, examples, { trains: stage.trains, rollOut }),
      );
      disposeExamples(examples);
      if (rollOut !== null) disposeRollOut(rollOut);
      const length = globalNorm(gradients.gradients);
      const [[nats], [norm]] = await Promise.all([gradients.nats.data(), length.data()]);
      if (!Number.isFinite(nats) || !Number.isFinite(norm)) {
        tf.dispose([gradients.nats, length, ...gradients.gradients]);
        throw diverged(run, step + 1, `${nats} nats and a gradient norm of ${norm}`);
      }
      const state = updated(optimiser, { learningRate: rate, step: done + 1 }, checkpoint.state, gradients, length);
      tf.dispose([gradients.nats, length, ...gradients.gradients]);
      checkpoint = { ...checkpoint, state, step: step + 1, arithmetic };
      const now = performance.now();
      times.push((now - before) / 1000);
      bitsPerDim = hasLikelihood ? nats * BITS_PER_NAT : null;

      pace?.step((now - stepEnded) / 1000);
      const behind = progressAt(configuration.training, step + 1);
      const mark = pace?.look(step + 1, behind, (now - started) / 1000, training.validations) ?? null;
      if (mark !== null) {
        checkpoint = { ...checkpoint, configuration: withMark(checkpoint.configuration, mark) };
        run.writeConfiguration(checkpoint.configuration);
      }
      const known = checkpoint.configuration.training.steps;
      const entry: LogEntry = {
        step: step + 1,
        ...(bitsPerDim === null ? { anchorLoss: nats } : { bitsPerDim }),
        gradientNorm: norm,
        learningRate: rate,
        seconds: times[times.length - 1],
      };
      // Bits tell nothing of a conditioning that nothing has learned to read yet; but a training ends with a model.
      const validates = known !== null && (hasLikelihood || checkpoint.step === known) && isValidationStep(checkpoint);
      let isBest = validates && data.validate === null;
      if (validates && data.validate !== null) {
        validation = await validated(checkpoint, data.validate, run);
        entry.validation = validation.bitsPerDim;
        isBest = validation.bitsPerDim < (checkpoint.best?.bitsPerDim ?? Infinity);
        if (isBest) checkpoint = { ...checkpoint, best: validation };
      }
      run.appendLog(entry);
      if (isBest || now - lastSave > 1000 * SECONDS_BETWEEN_SAVES || checkpoint.step === known) {
        await run.saveTraining(chain, checkpoint);
        lastSave = performance.now();
      }
      // After the state, which then knows of it; see `finishSave`.
      if (isBest) await run.saveModel(chain, checkpoint);
      const saved = performance.now();
      if (validates) pace?.validation((saved - now) / 1000);
      onStep?.({
        step: checkpoint.step,
        steps: known,
        time: pace?.time((now - started) / 1000) ?? null,
        bitsPerDim,
        validation: validation?.bitsPerDim ?? null,
        learningRate: rate,
        examplesPerSecond: training.batch / times[times.length - 1],
      });
      await new Promise((resolve) => setImmediate(resolve));
      stepEnded = validates ? saved : now;
    }
    const { step, best, configuration } = checkpoint;
    return { step, best, last: validation, bitsPerDim, secondsPerStep: median(times), configuration };
  } finally {
    tf.dispose(checkpoint.state);
  }
}

/** A state whose optimiser begins anew; what it was is disposed of. */
function withNewOptimiser({ weights, optimiser }: TrainingState): TrainingState {
  tf.dispose(optimiser);
  return { weights, optimiser: optimiser.map(() => zerosLike(weights)) };
}

function zerosLike(weights: readonly Tensor[]): Tensor[] {
  return weights.map((weight) => tf.keep(tf.zerosLike(weight)));
}

/** A new training that is given a schedule, as another one's minutes became, follows it, whatever the time. */
function asRecorded(configuration: RunConfiguration): RunConfiguration {
  const { training } = configuration;
  return training.pace.length === 0 ? configuration : { ...configuration, training: { ...training, minutes: null } };
}

/** Of a training that is given a time, and no number of steps before all else. */
function paceOf({ configuration, step }: Checkpoint): Pace | null {
  const { minutes, pace, steps } = configuration.training;
  if (minutes === null || (steps !== null && pace.length === 0)) return null;
  return new Pace(60 * minutes, configuration.training, step);
}

function withMark(configuration: RunConfiguration, mark: PaceMark): RunConfiguration {
  const { training } = configuration;
  return { ...configuration, training: { ...training, steps: mark.steps, pace: [...training.pace, mark] } };
}

/** Whether a validation follows the steps that are done: evenly spread over the schedule, the last after the last step. */
function isValidationStep({ step, configuration: { training } }: Checkpoint): boolean {
  const count = validationsAt(training, step);
  const passed = (done: number) => Math.floor((progressAt(training, done) ?? 0) * count);
  return step === training.steps || passed(step) > passed(step - 1);
}

async function validated(
  { state, step }: Checkpoint,
  validate: (weights: readonly Tensor[]) => Promise<number>,
  run: RunFolder,
): Promise<Validation> {
  const bitsPerDim = await validate(state.weights);
  if (!Number.isFinite(bitsPerDim)) throw diverged(run, step, `${bitsPerDim} bits/dim in the validation`);
  return { step, bitsPerDim };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function diverged(run: RunFolder, step: number, received: string): PxvError {
  return new PxvError({
    code: 'DIVERGED',
    operation: 'train',
    argument: `step ${step}`,
    expected: 'a finite likelihood and finite gradients',
    received,
    remedy: run.hasTraining
      ? `lower the learning rate; the last saved state stays in ${run.path}`
      : 'lower the learning rate',
  });
}
