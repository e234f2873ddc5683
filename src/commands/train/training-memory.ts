import { pluralize } from '../../foundation/pluralize.js';
import { PEAK_MEMORY } from '../../memory/estimate-memory.js';
import { estimateTrainingMemory } from '../../memory/estimate-training-memory.js';
import { formatBytes } from '../../memory/format-bytes.js';
import { findLargest, memoryError, memoryLimit } from '../../memory/memory-limits.js';
import { hiddenFeatures, resizeDescription, narrowDescription } from '../../model/resize-description.js';
import type { RunConfiguration } from '../../training/configuration.js';
import { dataSourceOf } from './data-sources.js';

/**
 * Throws if a training exceeds the memory limit. The message names settings that fit. Checks nothing if there is no
 * limit (see `memoryLimit`).
 * @throws PxvError `RESOURCES` if memory is short; `USAGE` if PXV_MEMORY is invalid
 */
export function assertTrainingMemory(run: RunConfiguration): void {
  const { model, training, data } = run;
  const { batch, stages } = training;
  const limit = memoryLimit();
  if (limit === null) return;
  const bytesOf = (other: Partial<RunConfiguration>) => estimateTrainingMemory({ ...run, ...other }, limit.measure);
  const bytes = bytesOf({});
  if (bytes <= limit.bytes) return;
  const fits = (other: Partial<RunConfiguration>) => bytesOf(other) <= limit.bytes;
  const { size } = model.scales[model.scales.length - 1];
  const sizeAt = (width: number) => ({ width, height: Math.max(1, Math.round((width * size.height) / size.width)) });
  const maxRollouts = Math.max(...stages.map(({ rollOuts }) => rollOuts));
  const withRollouts = (most: number) =>
    stages.map((stage) => ({ ...stage, rollOuts: Math.min(most, stage.rollOuts) }));

  const leastBatch = Math.max(training.shards, ...stages.map((stage) => stage.batch ?? 1));
  const smallerBatch = findLargest(leastBatch, batch - 1, (count) => fits({ training: { ...training, batch: count } }));
  const fewerRollouts = findLargest(0, maxRollouts - 1, (count) =>
    fits({ training: { ...training, stages: withRollouts(count) } }),
  );
  const width = findLargest(8, size.width - 1, (side) => fits({ model: resizeDescription(model, sizeAt(side)) }));
  const narrower = findLargest(3, hiddenFeatures(model) - 1, (count) =>
    fits({ model: narrowDescription(model, count) }),
  );
  const choices = [
    ...(smallerBatch === null ? [] : [`a batch of ${smallerBatch} (--batch)`]),
    ...(fewerRollouts === null ? [] : [`${pluralize(fewerRollouts, 'rollout')} a step (rollOuts)`]),
    ...(width === null || dataSourceOf(data).hasFixedSize(data)
      ? []
      : [`a size of ${sizeAt(width).width}x${sizeAt(width).height} (--size)`]),
    ...(narrower === null ? [] : [`${narrower} features in a layer (--hidden)`]),
  ];
  const fitting = limit.measure === PEAK_MEMORY ? 'these fit' : 'these may fit';
  const remedy = choices.length > 0 ? `${fitting}: ${choices.join(', or ')}` : 'use a smaller size or network';
  const rollOuts = maxRollouts > 0 ? ` and ${pluralize(maxRollouts, 'rollout')}` : '';
  const what = `a batch of ${batch}${rollOuts} at ${size.width}x${size.height}`;
  throw memoryError('train', 'memory', limit, `about ${formatBytes(bytes)} for ${what}`, remedy);
}
