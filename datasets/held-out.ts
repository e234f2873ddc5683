import { Philox, randomStreams } from '../src/foundation/philox.js';
import type { Images, TrainingSplit } from './image-set.js';
import { selectImages } from './records.js';

/**
 * Splits the indices 0 to count - 1 at random: a tenth, at most 10,000, for validation, the others for training. The
 * split depends on `count` alone, not on a seed, so that all trainings share one split. Both lists are ascending.
 */
export function selectHeldOutImages(count: number): Record<TrainingSplit, Uint32Array> {
  const heldOut = Math.min(Math.floor(count / 10), 10_000);
  const philox = new Philox(0);
  const rank = Float64Array.from({ length: count }, (_, index) =>
    philox.uniform(index, 0, 0, randomStreams.heldOutImages),
  );
  const order = Uint32Array.from(rank, (_, index) => index).sort((a, b) => rank[a] - rank[b] || a - b);
  return { validation: order.slice(0, heldOut).sort(), train: order.slice(heldOut).sort() };
}

/**
 * Splits a validation split off the training images of a set (see `selectHeldOutImages`), and returns the images of
 * `split`. Closing the result closes `training`.
 * @param training all official training images
 * @param split `validation`: the tenth that is held out; `train`: the others
 */
export function splitHeldOut(training: Images, split: TrainingSplit): Images {
  const indices = selectHeldOutImages(training.count)[split];
  const without = indices.length < training.count ? 'without the held-out tenth' : 'too few to hold a tenth out';
  const part = split === 'train' ? without : 'the tenth held out of it';
  return selectImages(training, indices, `${training.origin}, ${part}`);
}
