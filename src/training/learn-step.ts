import { globalNorm } from '../backend/updates.js';
import { BITS_PER_NAT } from '../evaluation/scoring.js';
import { optimisers } from '../optimization/optimisers.js';
import { updated, type TrainingState } from '../optimization/update.js';
import type { Chain } from '../model/chain.js';
import { errorsOf, type PxvError } from '../foundation/errors.js';
import type { ProcessGroup } from '../distributed/process-group.js';
import type { Checkpoint, RunFolder } from './run-folder.js';
import { disposeGradients, gradientsOfStep, type StepData } from './shards.js';
import { learningRate, type StagePosition } from './stages.js';

export interface LearnedStep {
  state: TrainingState;
  /** Mean nats a sub-pixel; where the conditioning learns alone, of the loss on what it expects. */
  nats: number;
  /** Null where the conditioning learns alone, from no likelihood. */
  bitsPerDim: number | null;
  gradientNorm: number;
  learningRate: number;
}

/**
 * Learns from the examples of a checkpoint's next step; the state before is disposed of. What follows the sum of gradients
 * is computed in every rank, to the same bits.
 * @throws PxvError `DIVERGED` where the likelihood or a gradient is not finite: then the state is as it was
 */
export async function learnStep(
  chain: Chain,
  { configuration: { training }, state, step }: Checkpoint,
  { stage, done, progress }: StagePosition,
  data: StepData,
  run: RunFolder,
  processGroup: ProcessGroup,
): Promise<LearnedStep> {
  const gradients = await gradientsOfStep(chain, state.weights, data, { ...training, step, stage }, processGroup);
  const norm = globalNorm(gradients.gradients);
  try {
    const [[nats], [gradientNorm]] = await Promise.all([gradients.nats.data(), norm.data()]);
    if (!Number.isFinite(nats) || !Number.isFinite(gradientNorm))
      throw diverged(run, step + 1, `${nats} nats and a gradient norm of ${gradientNorm}`);
    const rate = learningRate(stage, done, progress);
    const settings = { learningRate: rate, step: done + 1 };
    return {
      state: updated(optimisers[training.optimiser], settings, state, gradients, norm),
      nats,
      bitsPerDim: stage.trains === 'conditioning' ? null : nats * BITS_PER_NAT,
      gradientNorm,
      learningRate: rate,
    };
  } finally {
    disposeGradients(gradients);
    norm.dispose();
  }
}

/** Of a training that has come to what is not finite after so many steps. */
export function diverged(run: RunFolder, step: number, received: string): PxvError {
  const remedy = run.hasTraining
    ? `lower the learning rate; the last saved state stays in ${run.path}`
    : 'lower the learning rate';
  return errorsOf('DIVERGED', 'train')(`step ${step}`, 'a finite likelihood and finite gradients', received, remedy);
}
