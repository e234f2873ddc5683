import { tf } from '../foundation/tfjs.js';
import { pluralize } from '../foundation/pluralize.js';
import { blankWeights, estimateMemory, scoreBlankExamples } from '../memory/estimate-memory.js';
import { formatBytes } from '../memory/format-bytes.js';
import { findLargest, isEstimated, reachableMemory, memoryError } from '../memory/memory-limits.js';
import { buildChain, type Chain } from '../model/chain.js';
import { hiddenFeatures, resizeDescription, narrowDescription } from '../model/resize-description.js';
import { optimisers } from '../optimization/optimisers.js';
import { applyUpdate, type TrainingState } from '../optimization/update.js';
import { createBlankStepData } from '../training/blank-data.js';
import type { RunConfiguration, TrainingConfiguration } from '../training/configuration.js';
import { MAX_VALIDATION_IMAGES } from '../training/image-data.js';
import { stateArrays } from '../training/checkpoint.js';
import { gradientsOfShard } from '../training/shards.js';
import type { Stage } from '../training/stages.js';
import { MAX_VALIDATION_FRAMES } from '../training/validation.js';
import { dataSourceOf } from './data-sources.js';

/**
 * Returns the estimated peak memory of a training process in bytes: the maximum over the training's stages (see
 * `training.stages`), whose batches and rollouts differ.
 */
export function estimateTrainingMemory({ model, training, data }: RunConfiguration): number {
  const chain = buildChain(model);
  const { batch, shards, stages, validationExamples } = training;
  const validated = Math.min(
    batch,
    validationExamples,
    data.type === 'images' ? MAX_VALIDATION_IMAGES : MAX_VALIDATION_FRAMES,
  );
  const inShard = (examples: number) => Math.ceil(examples / shards);
  const ofStages = stages.map((stage) => {
    const examples = inShard(Math.max(batch, stage.rollOuts));
    return estimateMemory(chain, examples, (counted, fewer) => {
      const share = (number: number) => Math.ceil((number * fewer) / examples);
      const shard = { ...training, batch: share(inShard(batch)), shards: 1 };
      train(counted, shard, { ...stage, rollOuts: share(inShard(stage.rollOuts)) }, share(validated));
    });
  });
  return Math.max(...ofStages);
}

/** Takes two steps of a stage on blank data, validates, and copies the arrays that are saved. */
function train(chain: Chain, training: TrainingConfiguration, stage: Stage, validated: number): void {
  const data = createBlankStepData(chain);
  const optimiser = optimisers[training.optimiser];
  // Allocates the buffers that collect the data, and the initial weights.
  data.batch(0, stage, { from: 0, to: training.batch });
  data.rollOut(0, stage, { from: 0, to: stage.rollOuts });
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

/**
 * Throws if the peak memory of a training exceeds the memory limit. The message names settings that fit. Checks nothing
 * if memory is not estimated (see `isEstimated`).
 * @throws PxvError `RESOURCES` if memory is short; `USAGE` if PXV_MEMORY is invalid
 */
export function assertTrainingMemory(run: RunConfiguration): void {
  if (!isEstimated()) return;
  const { model, training, data } = run;
  const { batch, stages } = training;
  const limit = reachableMemory();
  const bytes = estimateTrainingMemory(run);
  if (bytes <= limit) return;
  const fits = (other: Partial<RunConfiguration>) => estimateTrainingMemory({ ...run, ...other }) <= limit;
  const { size } = model.scales[model.scales.length - 1];
  const sizeAt = (width: number) => ({ width, height: Math.max(1, Math.round((width * size.height) / size.width)) });
  const maxRollOuts = Math.max(...stages.map(({ rollOuts }) => rollOuts));
  const withRollOuts = (most: number) =>
    stages.map((stage) => ({ ...stage, rollOuts: Math.min(most, stage.rollOuts) }));

  const smallerBatch = findLargest(1, batch - 1, (count) => fits({ training: { ...training, batch: count } }));
  const fewerRollOuts = findLargest(0, maxRollOuts - 1, (count) =>
    fits({ training: { ...training, stages: withRollOuts(count) } }),
  );
  const width = findLargest(8, size.width - 1, (side) => fits({ model: resizeDescription(model, sizeAt(side)) }));
  const narrower = findLargest(3, hiddenFeatures(model) - 1, (count) =>
    fits({ model: narrowDescription(model, count) }),
  );
  const choices = [
    ...(smallerBatch === null ? [] : [`a batch of ${smallerBatch} (--batch)`]),
    ...(fewerRollOuts === null ? [] : [`${pluralize(fewerRollOuts, 'roll-out')} a step (rollOuts)`]),
    ...(width === null || dataSourceOf(data).hasFixedSize(data)
      ? []
      : [`a size of ${sizeAt(width).width}x${sizeAt(width).height} (--size)`]),
    ...(narrower === null ? [] : [`${narrower} features in a layer (--hidden)`]),
  ];
  const remedy = choices.length > 0 ? `these fit: ${choices.join(', or ')}` : 'use a smaller size or network';
  const rollOuts = maxRollOuts > 0 ? ` and ${pluralize(maxRollOuts, 'roll-out')}` : '';
  const what = `a batch of ${batch}${rollOuts} at ${size.width}x${size.height}`;
  throw memoryError('train', 'memory', limit, `about ${formatBytes(bytes)} for ${what}`, remedy);
}
