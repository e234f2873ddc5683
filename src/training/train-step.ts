import { BITS_PER_NAT } from '../evaluation/scoring.js';
import { optimisers } from '../optimization/optimisers.js';
import { applyUpdate, type Update } from '../optimization/update.js';
import type { Chain } from '../model/chain.js';
import { singleProcess } from '../distributed/process-group.js';
import type { Checkpoint } from './run-folder.js';
import { computeStepGradients, type StepData } from './shards.js';
import { learningRate, type StagePosition } from './stages.js';

/** Result of a training step. Its nats are of the loss on the expected frame where the conditioning learns alone. */
export interface TrainStepResult extends Update {
  /** Mean bits a sub-pixel of the step's examples. Null where the conditioning learns alone, from no likelihood. */
  bitsPerDim: number | null;
  learningRate: number;
}

/**
 * Takes a checkpoint's next step: its gradients, then an update (see `applyUpdate`). What follows the sum of gradients
 * is computed in every rank, to the same bits.
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
