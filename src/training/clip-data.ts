import type { Chain } from '../model/chain.js';
import { TrainingBatches, type ClipStore } from './batches.js';
import type { TrainingConfiguration } from './configuration.js';
import type { TrainingData } from './train.js';
import { validate } from './validation.js';

/**
 * The data of a training on clips.
 *
 * @param training indices into the store of clips of at least two frames
 * @param validation the same of those that only validate; empty: there is no validation
 */
export function clipData(
  chain: Chain,
  store: ClipStore,
  training: readonly number[],
  validation: readonly number[],
  { seed, batch, mirror, disturb, crops, validationExamples, scales }: TrainingConfiguration,
): TrainingData {
  const settings = { seed: BigInt(seed), batch, mirror, disturb, crops };
  const batches = new TrainingBatches(chain.examples, store, training, settings);
  return {
    batch: (step) => batches.batch(step),
    validate:
      validation.length === 0
        ? null
        : (weights) => validate(chain, weights, store, validation, validationExamples, scales ?? undefined, batch),
  };
}
