import { blankExamples } from '../conditioning/context/examples.js';
import { BITS_PER_NAT } from '../evaluation/scoring.js';
import { optimisers } from '../optimization/optimisers.js';
import { applyUpdate, type Update } from '../optimization/update.js';
import type { Chain } from '../model/chain.js';
import { singleProcess } from '../distributed/process-group.js';
import type { Checkpoint } from './training-checkpoint.js';
import { blankRollout } from './rollouts.js';
import { computeStepGradients, type StepData } from './shards.js';
import { learningRate, type StagePosition } from './stages.js';

/** Result of a training step. If the conditioning is trained alone, `nats` is the loss on the expected frame. */
export interface TrainStepResult extends Update {
  /** Mean bits/dim of the step's examples; null if the conditioning is trained alone, without a likelihood. */
  bitsPerDim: number | null;
  learningRate: number;
}

/**
 * Computes the next step of a checkpoint: gradients, then an update (see `applyUpdate`). All ranks get the same sum of
 * gradients, and compute the same update to the bit. Disposes the tensors of `state` that the update replaces.
 * @throws PxvError `USAGE` if the backend lacks the configured precision
 */
export async function trainStep(
  chain: Chain,
  { configuration: { training }, state, step }: Checkpoint,
  { stage, done, progress }: StagePosition,
  data: StepData,
  processGroup = singleProcess,
): Promise<TrainStepResult> {
  const gradients = await computeStepGradients(chain, state.weights, data, { ...training, step, stage }, processGroup);
  const settings = { learningRate: learningRate(stage, done, progress), step: done + 1 };
  const update = applyUpdate(optimisers[training.optimiser], settings, state, gradients);
  const bitsPerDim = stage.trains === 'conditioning' ? null : update.nats * BITS_PER_NAT;
  return { ...update, bitsPerDim, learningRate: settings.learningRate };
}

/**
 * Returns step data of zeros, in the shapes that `chain` is trained on, to measure memory or time. Each call of its
 * functions makes new tensors, which the caller disposes.
 */
export function createBlankStepData({ exampleShape }: Chain): StepData {
  return {
    batch: (_step, _stage, { from, to }) => blankExamples(exampleShape, to - from),
    rollout: (_step, _stage, { from, to }) => blankRollout(exampleShape, to - from),
  };
}
