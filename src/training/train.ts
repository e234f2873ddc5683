import * as tf from '@tensorflow/tfjs-core';
import { PxvError } from '../errors.js';
import { initialiseParameters } from '../backend/parameters.js';
import { BITS_PER_NAT } from '../evaluation/scoring.js';
import { disposeExamples } from '../model/examples.js';
import { buildNetwork, type Network } from '../model/network.js';
import { toTensors } from '../model/weights.js';
import { TrainingBatches, type ClipStore } from './batches.js';
import type { RunConfiguration } from './configuration.js';
import { learningRate } from './learning-rate.js';
import { optimisers } from './optimisers.js';
import type { Checkpoint, LogEntry, RunFolder } from './run-folder.js';
import { gradientsOf, updated } from './training-step.js';
import { validate } from './validation.js';

/** The frames of a training: a store, and which of its clips are learnt from and which only validate. */
export interface TrainingData {
  store: ClipStore;
  training: readonly number[];
  /** Empty: no validation; then the latest weights count as the best. */
  validation: readonly number[];
}

/** How a training stands; told after every step. */
export interface TrainingProgress {
  step: number;
  /** Null while the time given has not been turned into steps. */
  steps: number | null;
  /** Of this step's batch. */
  bitsPerDim: number;
  /** Of the latest validation; null before the first. */
  validation: number | null;
  learningRate: number;
  framesPerSecond: number;
}

export interface TrainingResult {
  step: number;
  /** Lowest validation in bits/dim; null without validation clips. */
  best: number | null;
  /** Of the last step's batch. */
  bitsPerDim: number;
  /** Median time of a step of this sitting. */
  secondsPerStep: number;
}

export interface TrainingHooks {
  onStep?: (progress: TrainingProgress) => void;
  signal?: AbortSignal;
}

/** Seconds between saved states. */
const SECONDS_BETWEEN_SAVES = 60;
/** Steps whose times set the pace when minutes are turned into steps; the ones before them are slower. */
const PACE = { from: 3, steps: 20 };
/** Share of the time that goes to validating and saving. */
const OVERHEAD = 0.05;

/** A new training's first state. */
export function startTraining(configuration: RunConfiguration): { checkpoint: Checkpoint; network: Network } {
  const network = buildNetwork(configuration.model.network);
  const { parameters } = network;
  const weights = toTensors(initialiseParameters(parameters, BigInt(configuration.training.seed)), parameters);
  const { stateNames } = optimisers[configuration.training.optimiser];
  const optimiser = stateNames.map(() => weights.map((weight) => tf.keep(tf.zerosLike(weight))));
  return { network, checkpoint: { configuration, state: { weights, optimiser }, step: 0, best: null } };
}

/**
 * Trains from a checkpoint to the last step, saving as it goes. What a step does depends on the configuration and its
 * number alone, so that a training that was stopped and resumed ends with the same weights.
 *
 * @throws PxvError `INTERRUPTED` after saving, where the signal is aborted; `DIVERGED` where the likelihood or a gradient is
 *   not finite: the files then hold the last state that was saved
 */
export async function train(
  network: Network,
  start: Checkpoint,
  data: TrainingData,
  run: RunFolder,
  { onStep, signal }: TrainingHooks = {},
): Promise<TrainingResult> {
  let checkpoint = start;
  const { training } = start.configuration;
  const optimiser = optimisers[training.optimiser];
  const batches = new TrainingBatches(network.description, data.store, data.training, {
    seed: BigInt(training.seed),
    batch: training.batch,
    mirror: training.mirror,
    disturb: training.disturb,
  });
  const times: number[] = [];
  let validation: number | null = null;
  let bitsPerDim = NaN;
  let lastSave = performance.now();
  const started = performance.now();

  for (;;) {
    const { step, configuration } = checkpoint;
    const { steps } = configuration.training;
    if (steps !== null && step >= steps) break;
    if (signal?.aborted) {
      await run.saveTraining(network, checkpoint);
      if (checkpoint.best === null) await run.saveModel(network, checkpoint);
      signal.throwIfAborted();
    }
    const before = performance.now();
    const rate = learningRate(training.schedule, step, steps);
    const examples = batches.batch(step);
    const gradients = gradientsOf(network, checkpoint.state.weights, examples);
    disposeExamples(examples);
    const [[nats], [norm]] = await Promise.all([gradients.nats.data(), gradients.norm.data()]);
    if (!Number.isFinite(nats) || !Number.isFinite(norm))
      throw diverged(run, step + 1, `${nats} nats and a gradient norm of ${norm}`);
    const state = updated(
      optimiser,
      { learningRate: rate, step: step + 1 },
      training.clipNorm,
      checkpoint.state,
      gradients,
    );
    tf.dispose([gradients.nats, gradients.norm, ...gradients.gradients]);
    checkpoint = { ...checkpoint, state, step: step + 1 };
    const now = performance.now();
    times.push((now - before) / 1000);
    bitsPerDim = nats * BITS_PER_NAT;

    if (steps === null && times.length === PACE.from + PACE.steps) {
      checkpoint = withSteps(checkpoint, times, (now - started) / 1000);
      run.writeConfiguration(checkpoint.configuration);
    }
    const known = checkpoint.configuration.training.steps;
    const entry: LogEntry = {
      step: step + 1,
      bitsPerDim,
      gradientNorm: norm,
      learningRate: rate,
      seconds: times[times.length - 1],
    };
    if (known !== null && isValidationStep(checkpoint.step, known, training.validations)) {
      validation = await validateAndSave(network, checkpoint, data, run);
      if (validation !== null) {
        entry.validation = validation;
        checkpoint = { ...checkpoint, best: Math.min(checkpoint.best ?? Infinity, validation) };
      }
    }
    run.appendLog(entry);
    if (now - lastSave > 1000 * SECONDS_BETWEEN_SAVES || checkpoint.step === known) {
      await run.saveTraining(network, checkpoint);
      lastSave = performance.now();
    }
    onStep?.({
      step: checkpoint.step,
      steps: known,
      bitsPerDim,
      validation,
      learningRate: rate,
      framesPerSecond: training.batch / times[times.length - 1],
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { step: checkpoint.step, best: checkpoint.best, bitsPerDim, secondsPerStep: median(times) };
}

/** Turns the minutes asked for into a number of steps, from the pace of the first ones. */
function withSteps(checkpoint: Checkpoint, times: readonly number[], elapsed: number): Checkpoint {
  const { configuration, step } = checkpoint;
  const left = (configuration.training.minutes ?? 0) * 60 - elapsed;
  const steps = step + Math.max(0, Math.floor((left * (1 - OVERHEAD)) / median(times.slice(PACE.from))));
  return { ...checkpoint, configuration: { ...configuration, training: { ...configuration.training, steps } } };
}

/** Whether a validation follows this many steps: evenly spread, the last after the last step. */
function isValidationStep(step: number, steps: number, validations: number): boolean {
  const passed = (done: number) => Math.floor((done * validations) / steps);
  return passed(step) > passed(step - 1);
}

/** Validates, and saves the weights as the model where they are the best so far. */
async function validateAndSave(
  network: Network,
  checkpoint: Checkpoint,
  { store, validation }: TrainingData,
  run: RunFolder,
): Promise<number | null> {
  const { state, best, configuration } = checkpoint;
  if (validation.length === 0) {
    await run.saveModel(network, checkpoint);
    return null;
  }
  const { validationFrames } = configuration.training;
  const bitsPerDim = await validate(network, state.weights, store, validation, validationFrames);
  if (!Number.isFinite(bitsPerDim)) {
    throw diverged(run, checkpoint.step, `${bitsPerDim} bits/dim on the validation clips`);
  }
  if (best === null || bitsPerDim < best) await run.saveModel(network, checkpoint);
  return bitsPerDim;
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
