import type { Chain } from '../model/chain.js';
import { trainingBatches } from './batches.js';
import type { TrainingConfiguration } from './configuration.js';
import type { ClipStore } from './random-frames.js';
import { isLongEnough, rollOutBatches } from './roll-outs.js';
import type { TrainingData } from './train.js';
import { validate } from './validation.js';

/** Shares of examples shown backwards, disturbed, or without earlier pixels; and of roll-outs that stand still. */
const SHARES = { reversed: 0.25, disturbed: 0.2, withoutEarlier: 0.2, still: 0.15 };

/** The data of a training on clips of at least two frames, by their indices; `validation` may be empty. */
export function clipData(
  chain: Chain,
  store: ClipStore,
  training: readonly number[],
  validation: readonly number[],
  configuration: TrainingConfiguration,
): TrainingData {
  const { seed, batch, mirror, stages, validationExamples } = configuration;
  const settings = { ...SHARES, seed: BigInt(seed), mirror };
  const batches = trainingBatches(chain.exampleShape, store, training, { ...settings, batch });
  const long = training.filter((clip) => isLongEnough(store.clips[clip].frames));
  const most = Math.max(...stages.map(({ rollOuts }) => rollOuts));
  const hasRollOuts = most > 0 && long.length > 0;
  const rollOut = hasRollOuts ? rollOutBatches(chain.exampleShape, store, long, { ...settings, most }) : null;
  const isValidated = validation.length > 0;
  return {
    batch: (step, { crops }) => batches(step, crops),
    rollOut: (step, { rollOuts, crops }) => (rollOuts === 0 ? null : (rollOut?.(step, rollOuts, crops) ?? null)),
    validate: isValidated ? (weights) => validate(chain, weights, store, validation, validationExamples, batch) : null,
  };
}
