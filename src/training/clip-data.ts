import { learnsAnchor } from '../conditioning/index.js';
import type { Chain } from '../model/chain.js';
import { TrainingBatches } from './batches.js';
import type { TrainingConfiguration } from './configuration.js';
import { OwnPredictions } from './own-predictions.js';
import type { ClipStore } from './random-frames.js';
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
  configuration: TrainingConfiguration,
): TrainingData {
  const { seed, batch, mirror, disturb, templatesLeftOut, crops, reversals, stills, validationExamples, scales } =
    configuration;
  const settings = { seed: BigInt(seed), batch, mirror, disturb, templatesLeftOut, crops, reversals };
  const batches = new TrainingBatches(chain.exampleShape, store, training, settings);
  const long = training.filter((clip) => OwnPredictions.longEnough(store.clips[clip].frames));
  const own =
    configuration.ownPredictions > 0 &&
    long.length > 0 &&
    chain.scales.length === 1 &&
    learnsAnchor(chain.scales[0].description.conditioning)
      ? new OwnPredictions(chain.exampleShape, store, long, {
          ...settings,
          batch: configuration.ownPredictions,
          stills,
        })
      : null;
  return {
    ownPredictions: own && ((step) => own.rollOut(step)),
    batch: (step) => batches.batch(step),
    validate:
      validation.length === 0
        ? null
        : (weights) => validate(chain, weights, store, validation, validationExamples, scales ?? undefined, batch),
  };
}
