import { hasNonFinite } from '../optimization/update.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Chain } from '../model/chain.js';
import type { Checkpoint } from './training-checkpoint.js';
import type { TrainStepResult } from './train-step.js';
import type { TrainingOutput } from './training-loop.js';

/** Result of a step without the new state. */
export type Learned = Omit<TrainStepResult, 'state'>;

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

/** @throws PxvError `DIVERGED` if the likelihood or a gradient of a step is not finite */
export function assertFiniteStep({ parameters }: Chain, run: TrainingOutput, step: number, learned: Learned): void {
  const { nats, gradientNorm, firstNonFinite } = learned;
  if (Number.isFinite(nats) && Number.isFinite(gradientNorm)) return;
  const first = firstNonFinite === null ? '' : ` (first in the gradient of ${parameters[firstNonFinite].name})`;
  throw diverged(run, step, `${nats} nats and a gradient norm of ${gradientNorm}${first}`);
}

/** @throws PxvError `DIVERGED` if the bits/dim of the validation after a step are not finite */
export function assertFiniteValidation(run: TrainingOutput, step: number, bitsPerDim: number): void {
  if (!Number.isFinite(bitsPerDim)) throw diverged(run, step, `${bitsPerDim} bits/dim in the validation`);
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
