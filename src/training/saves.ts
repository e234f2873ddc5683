import type { Chain } from '../model/chain.js';
import type { Checkpoint, RunFolder } from './run-folder.js';

/** Seconds between saved states. */
const SECONDS_BETWEEN = 60;

/** Saves a training as it goes: its state now and then, and the model of each new best. */
export class Saves {
  private last = performance.now();

  constructor(
    private readonly chain: Chain,
    private readonly run: RunFolder,
  ) {}

  /** Saves after a step what is to be saved. @param isBest whether the checkpoint's weights are the best so far */
  async afterStep(checkpoint: Checkpoint, isBest: boolean): Promise<void> {
    const isLast = checkpoint.step === checkpoint.configuration.training.steps;
    if (isBest || isLast || performance.now() - this.last > 1000 * SECONDS_BETWEEN) {
      await this.run.saveTraining(this.chain, checkpoint);
      this.last = performance.now();
    }
    // After the state, which then knows of it; see `finishSave`.
    if (isBest) await this.run.saveModel(this.chain, checkpoint);
  }

  /** Saves a training that is stopped: what it goes on from, and a model to predict with. */
  async atStop(checkpoint: Checkpoint): Promise<void> {
    await this.run.saveTraining(this.chain, checkpoint);
    if (checkpoint.best === null) await this.run.saveModel(this.chain, checkpoint);
  }
}
