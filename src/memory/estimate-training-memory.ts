import { tf } from '../foundation/tfjs.js';
import { buildChain, type Chain } from '../model/chain.js';
import { optimisers } from '../optimization/optimisers.js';
import { applyUpdate, type TrainingState } from '../optimization/update.js';
import { createBlankStepData } from '../training/train-step.js';
import { stateArrays } from '../training/training-checkpoint.js';
import type { RunConfiguration, TrainingConfiguration } from '../training/configuration.js';
import { MAX_VALIDATION_IMAGES } from '../training/image-batches.js';
import { gradientsOfShard } from '../training/shards.js';
import type { Stage } from '../training/stages.js';
import { MAX_VALIDATION_FRAMES } from '../training/validation.js';
import { blankWeights, estimateMemory, PEAK_MEMORY, scoreBlankExamples } from './estimate-memory.js';

/**
 * Returns the estimated peak memory of a training process in bytes, or another `measure` of its memory: the maximum
 * over the training's stages (see `training.stages`), whose batches and rollouts differ.
 */
export function estimateTrainingMemory({ model, training, data }: RunConfiguration, measure = PEAK_MEMORY): number {
  const chain = buildChain(model);
  const { batch, shards, stages, validationExamples } = training;
  const validated = Math.min(
    batch,
    validationExamples,
    data.type === 'images' ? MAX_VALIDATION_IMAGES : MAX_VALIDATION_FRAMES,
  );
  const inShard = (examples: number) => Math.ceil(examples / shards);
  const ofStages = stages.map((stage) => {
    const { batch: inStep = batch, rollOuts } = stage;
    const examples = inShard(Math.max(inStep, rollOuts));
    const work = (counted: Chain, fewer: number) => {
      const share = (number: number) => Math.ceil((number * fewer) / examples);
      const shard = { ...training, batch: share(inShard(batch)), shards: 1 };
      const part = { ...stage, batch: share(inShard(inStep)), rollOuts: share(inShard(rollOuts)) };
      train(counted, shard, part, share(validated));
    };
    return estimateMemory(chain, examples, work, measure);
  });
  return Math.max(...ofStages);
}

/** Takes two steps of a stage on blank data, validates, and copies the arrays that are saved. */
function train(chain: Chain, training: TrainingConfiguration, stage: Stage, validated: number): void {
  const data = createBlankStepData(chain);
  const optimiser = optimisers[training.optimiser];
  // Allocates the buffers that collect the data, and the initial weights.
  data.batch(0, stage, { from: 0, to: training.batch });
  data.rollout(0, stage, { from: 0, to: stage.rollOuts });
  blankWeights(chain);
  let state: TrainingState = {
    weights: blankWeights(chain),
    optimiser: optimiser.stateNames.map(() => blankWeights(chain)),
  };
  // From the second update on, replaced tensors are in the pool.
  for (let step = 0; step < 2; step++) {
    const gradients = gradientsOfShard(chain, state.weights, data, { ...training, step, stage }, 0);
    ({ state } = applyUpdate(optimiser, { learningRate: 0, step: step + 1 }, state, gradients));
  }
  scoreBlankExamples(chain, state.weights, validated);
  stateArrays(chain, training.optimiser, state);
  tf.dispose(state);
}
