import type { Chain } from '../model/chain.js';
import { TrainingBatches } from './batches.js';
import type { TrainingConfiguration } from './configuration.js';
import type { ClipStore } from './random-frames.js';
import { RollOuts } from './roll-outs.js';
import type { TrainingData } from './train.js';
import { validate } from './validation.js';

/** Shares of examples shown backwards, disturbed, or without earlier pixels; and of roll-outs that stand still. */
const SHARES = { reversed: 0.25, disturbed: 0.2, withoutEarlier: 0.2, still: 0.15 };

/**
 * The data of a training on clips, given as indices into the store, each of at least two frames.
 * @param validation those that only validate; empty: there is no validation
 */
export function clipData(
  chain: Chain,
  store: ClipStore,
  training: readonly number[],
  validation: readonly number[],
  configuration: TrainingConfiguration,
): TrainingData {
  const { seed, batch, mirror, stages, validationExamples } = configuration;
  const settings = { ...SHARES, seed: BigInt(seed), mirror };
  const batches = new TrainingBatches(chain.exampleShape, store, training, { ...settings, batch });
  const long = training.filter((clip) => RollOuts.longEnough(store.clips[clip].frames));
  const most = Math.max(...stages.map(({ rollOuts }) => rollOuts));
  const rollOuts =
    most > 0 && long.length > 0 ? new RollOuts(chain.exampleShape, store, long, { ...settings, most }) : null;
  return {
    batch: (step, { crops }) => batches.batch(step, crops),
    rollOut: (step, { rollOuts: number, crops }) =>
      rollOuts === null || number === 0 ? null : rollOuts.rollOut(step, number, crops),
    validate:
      validation.length === 0
        ? null
        : (weights) => validate(chain, weights, store, validation, validationExamples, batch),
  };
}
