import { tf } from '../../foundation/tfjs.js';
import { estimateTrainingMemory } from '../../memory/estimate-training-memory.js';
import type { Chain } from '../../model/chain.js';
import { loadModel } from '../../model/checkpoint.js';
import { createInitialCheckpoint, type Checkpoint } from '../../training/training-checkpoint.js';
import type { RunConfiguration } from '../../training/configuration.js';
import { withAvailablePrecision } from '../../training/machine.js';
import { createBlankStepData, trainStep } from '../../training/train-step.js';
import { dataSourceOf } from './data-sources.js';

/**
 * Finds the data of a training, estimates the peak memory, and times a step of each stage on blank data. Writes
 * nothing.
 * @param onWarning called with a line if the backend in use lacks the precision of the configuration
 * @throws PxvError `INPUT` if there is nothing to train on; `USAGE` if the data set is unknown, the model is for
 *   other frames, or no backend was chosen; `CHECKPOINT` as `createInitialCheckpoint` and `loadModel`; for a folder of
 *   images, `OUTPUT` or `RESOURCES` if the cache cannot be written
 */
export async function dryRunTraining(configuration: RunConfiguration, onWarning?: (text: string) => void) {
  const { chain, checkpoint } = createInitialCheckpoint(withAvailablePrecision(configuration, onWarning), loadModel);
  try {
    return {
      /** Number of clips, images or digits found; decoding may still fail. */
      found: await dataSourceOf(configuration.data).count(chain, configuration.data),
      /** Number of parameters of the model. */
      parameters: checkpoint.state.weights.reduce((sum, { size }) => sum + size, 0),
      /** Estimated peak memory, in bytes. */
      memoryBytes: estimateTrainingMemory(configuration),
      /** Duration in seconds of a step of each stage, measured on this machine. */
      secondsPerStep: await timeSteps(chain, checkpoint),
    };
  } finally {
    tf.dispose(checkpoint.state);
  }
}

/**
 * Takes two steps of each stage, and returns the seconds of the second, which reuses arrays. Replaces the checkpoint's
 * state.
 */
async function timeSteps(chain: Chain, checkpoint: Checkpoint): Promise<number[]> {
  const data = createBlankStepData(chain);
  const seconds: number[] = [];
  for (const stage of checkpoint.configuration.training.stages) {
    let started = 0;
    for (let done = 0; done < 2; done++) {
      started = performance.now();
      ({ state: checkpoint.state } = await trainStep(chain, checkpoint, { stage, done, progress: 0 }, data));
    }
    seconds.push((performance.now() - started) / 1000);
  }
  return seconds;
}
